"""The search page as `gossamer serve` runs it, and an HTML parser that sees what a browser without JavaScript sees."""

import threading
from contextlib import contextmanager
from html.parser import HTMLParser

import httpx
import uvicorn

import gossamer
from gossamer.app.cli.serve import _listen
from gossamer.app.web.server import create_app

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Page(HTMLParser):
    """Elements in order: tag, attributes and all text within."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.elements, self.open = [], []
        self.feed(source)
        assert not self.open, f"not closed: {[one['tag'] for one in self.open]}"

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "attributes": dict(attributes), "text": "", "path": [one["tag"] for one in self.open]}
        assert len(attributes) == len(element["attributes"]), "an attribute is given twice"
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, **attributes):
        return [
            one
            for one in self.elements
            if one["tag"] == tag
            and all(one["attributes"].get(key.rstrip("_")) == value for key, value in attributes.items())
        ]  # fmt: skip


@contextmanager
def served(folder, **options):
    """A client of the page on a port of its own."""
    with gossamer.Index.open(folder) as index, _listen("127.0.0.1", 0) as listener:
        app = create_app(index, folder.name, refresh=0, **options)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def page(client, address, status=200, **query):
    """The page at an address."""
    response = client.get(address, params=query or None)
    assert response.status_code == status, response.text
    return Page(response.text)
