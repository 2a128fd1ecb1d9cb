"""The search page by an HTML parser: what people see is what the JSON says, and nothing in a document is markup."""

import json
import re
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import Page, page, served

import gossamer
from gossamer.app.cli.serve import _listen
from gossamer.app.web.server import MOST_QUERY

QUERIES = [
    "wing",
    "lift angle",
    "keel",
    "bird fly",
    "wing 日本",
    "Größe",
    "script",
    "zeppelin",
    "b",
    "the wing's & <b>",
]


@pytest.fixture(scope="module")
def client(library):
    with served(library) as client:
        yield client


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("k", [1, 10])
def test_the_page_shows_what_the_json_says(client, query, k):
    said = client.get("/search.json", params={"q": query, "k": k}).json()
    shown = page(client, "/", q=query, k=k)
    assert [one["attributes"]["data-id"] for one in shown.all("article")] == [hit["id"] for hit in said["hits"]]
    count = shown.all("p", role="status")[0]["text"]
    assert count.startswith(f"{said['total']} document")
    scores = [float(one["text"].split()[1]) for one in shown.all("details", class_="why")]
    assert scores == [pytest.approx(hit["score"], abs=5e-3) for hit in said["hits"]]
    assert shown.all("input", name="q")[0]["attributes"]["value"] == query


def test_the_explanation_adds_up_on_the_page(client):
    shown = page(client, "/", q="wing lift angle")
    for details in shown.all("table"):
        rows = [re.findall(r"-?\d+\.\d{4}", line) for line in details["text"].splitlines()]
        *terms, (score,) = [row for row in rows if row]
        assert sum(float(row[2]) for row in terms) == pytest.approx(float(score), abs=1e-3)


@pytest.mark.parametrize("query", QUERIES)
def test_snippets_are_the_raw_text_and_marks_its_words(client, query, shelf_documents):
    texts = {document.id: " ".join(document.text.split()) for document in shelf_documents}
    source = client.get("/", params={"q": query}).text
    hits = client.get("/search.json", params={"q": query}).json()["hits"]
    for shown, hit in zip(Page(source).all("p", class_="snippet"), hits, strict=True):
        for window in shown["text"].split("…"):
            assert " ".join(window.split()) in texts[hit["id"]]
    marked = [one["text"] for one in Page(source).all("mark")]
    assert bool(marked) == bool(hits)


def test_hostile_documents_are_only_text(client, shelf_documents):
    hostile = shelf_documents[3]
    for address in ("/?q=wing", "/document?id=%3Chostile%3E.html&q=wing", "/?q=%3Cscript%3Ealert(1)%3C/script%3E", "/"):
        source = client.get(address).text
        shown = Page(source)
        assert not shown.all("script")
        assert not shown.all("img")
        assert not shown.all("b") or all(re.fullmatch(r"-?\d+\.\d\d", one["text"]) for one in shown.all("b"))
        for element in shown.elements:
            assert not [name for name in element["attributes"] if name.startswith("on") or name == "style"]
            target = element["attributes"].get("href", "/")
            assert target.startswith(("/", "#", "data:,"))
    whole = page(client, "/document", id="<hostile>.html")
    assert whole.all("div", class_="text")[0]["text"] == hostile.text
    assert whole.all("h1")[0]["text"] == hostile.title


@pytest.mark.parametrize("number", range(5))
def test_a_document_page_is_the_document(client, shelf_documents, number):
    document = shelf_documents[number]
    hit = client.get("/search.json", params={"q": "wing"}).json()["hits"]
    passage = next(one["passage"] for one in hit if one["id"] == document.id)
    shown = page(client, "/document", id=document.id, start=passage["start"], end=passage["end"], q="wing")
    assert shown.all("div", class_="text")[0]["text"] == document.text
    assert shown.all("section", id="passage")[0]["text"] == document.text[passage["start"] : passage["end"]]
    assert [one["text"].lower() for one in shown.all("mark")] == re.findall(r"\bwings?\b", document.text.lower())
    assert client.get("/document.json", params={"id": document.id}).json() == json.loads(json.dumps(document.to_dict()))


def test_every_link_leads_somewhere(client):
    seen, waiting = set(), ["/", "/?q=wing&k=1", "/?q=zeppelin"]
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        response = client.get(address)
        assert response.status_code == 200, address
        if response.headers["content-type"].startswith("text/html"):
            found = Page(response.text)
            ids = {one["attributes"]["id"] for one in found.elements if "id" in one["attributes"]}
            for element in found.all("a"):
                parts = urlsplit(element["attributes"]["href"])
                if parts.path:
                    waiting.append(parts._replace(fragment="").geturl())
                else:
                    assert parts.fragment in ids
    assert len(seen) > 10


def test_show_more_asks_for_more(client):
    more = page(client, "/", q="wing", k=2).all("p", class_="more")[0]
    assert more["text"] == "Show more"
    link = next(one for one in page(client, "/", q="wing", k=2).all("a") if one["text"] == "Show more")
    assert parse_qs(urlsplit(link["attributes"]["href"]).query) == {"q": ["wing"], "k": ["4"]}
    assert not page(client, "/", q="wing", k=5).all("p", class_="more")


def test_a_page_for_everybody(client):
    searches = (
        "/?q=wing",
        "/?q=zeppelin",
        "/?like=wings.md",
        "/?q=wing&where=year+%3C+9&facet=year",
        "/?q=wing&facet=year",
    )
    for address in ("/", *searches, "/document?id=wings.md", "/document?id=absent"):
        shown = Page(client.get(address).text)
        assert shown.all("html")[0]["attributes"]["lang"] == "en"
        assert len(shown.all("main")) == 1
        assert len(shown.all("h1")) == 1
        assert shown.all("form", role="search", method="get")
        labels = {one["attributes"]["for"] for one in shown.all("label")}
        assert {
            one["attributes"]["id"] for one in shown.all("input") if one["attributes"].get("type") != "hidden"
        } <= labels
        assert "width=device-width" in shown.all("meta", name="viewport")[0]["attributes"]["content"]
        ids = [one["attributes"]["id"] for one in shown.elements if "id" in one["attributes"]]
        assert len(ids) == len(set(ids))
        levels = [int(one["tag"][1]) for one in shown.elements if re.fullmatch("h[1-6]", one["tag"])]
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert all(one["attributes"].get("scope") for one in shown.all("th"))
        assert len(client.get(address).content) < 60_000


def luminance(colour):
    """Relative luminance of ``#rrggbb``, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_have_contrast_by_day_and_by_night(client):
    style = Page(client.get("/").text).all("style")[0]["text"]
    day, night = (dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", part)) for part in style.split("dark) {", 1)[0:2])
    assert set(day) == set(night)
    on_paper = [(front, back) for front in ("ink", "soft", "thread") for back in ("paper", "card")]
    marks = [("mark-ink", f"mark{step}") for step in ("", "-1", "-2", "-3", "-4")]
    pairs = [*on_paper, *marks, ("card", "thread"), ("ink", "thread-soft"), ("soft", "thread-soft")]
    for colours in (day, night):
        for front, back in pairs:
            light, dark = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, back, colours)


def test_every_answer_carries_the_security_headers(client):
    for address in ("/", "/search.json?q=wing", "/document?id=absent", "/nowhere", "/search.json?k=0"):
        headers = client.get(address).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "", "localhost.evil.example", "0.0.0.0:8765"])
def test_foreign_host_names_are_refused(client, host):
    response = client.get("/search.json?q=wing", headers={"host": host})
    assert response.status_code == 421
    assert "wing" not in response.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8765", "[::1]:8765"])
def test_loopback_names_are_answered(client, host):
    assert client.get("/search.json?q=wing", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/?q=" + "x" * (MOST_QUERY + 1), 422),
        ("/?q=wing&k=0", 422),
        ("/?q=wing&k=101", 422),
        ("/?q=wing&k=ten", 422),
        ("/document", 422),
        ("/document?id=absent", 404),
        ("/document?id=wings.md&start=-1&end=3", 422),
        ("/docs", 404),
        ("/openapi.json", 404),
        ("/../../etc/passwd", 404),
    ],
)
def test_wrong_requests(client, address, status):
    response = client.get(address)
    assert response.status_code == status
    assert "Traceback" not in response.text
    if response.headers["content-type"].startswith("text/html"):
        Page(response.text)


def test_wrong_requests_for_json_are_problems(client):
    response = client.get("/search.json", params={"q": "x" * (MOST_QUERY + 1)})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == 422
    assert client.get("/document.json?id=absent").json()["detail"] == "There is no document absent in this index."
    assert client.post("/search.json").status_code == 405


def test_a_passage_beyond_the_text_is_ignored(client, shelf_documents):
    shown = page(client, "/document", id="wings.md", start=5, end=10_000)
    assert not shown.all("section", id="passage")
    assert shown.all("div", class_="text")[0]["text"] == shelf_documents[0].text


def test_filters_and_order_stay_with_the_search(tmp_path):
    with gossamer.Index.create(tmp_path / "i") as index:
        index.add({"id": str(n), "text": "A <b>wing</b>.", "n": n, "kind": "<i>" if n % 2 else "x"} for n in range(9))
    asked = {"q": "wing", "k": 2, "where": 'n >= 3 and kind = "<i>"', "sort": "-n"}
    with served(tmp_path / "i") as client:
        said = client.get("/search.json", params=asked).json()
        assert [hit["id"] for hit in said["hits"]] == ["7", "5"]
        assert said["total"] == 3
        shown = page(client, "/", **asked)
        assert [one["attributes"]["data-id"] for one in shown.all("article")] == ["7", "5"]
        kept = {one["attributes"]["name"]: one["attributes"]["value"] for one in shown.all("input")}
        assert kept == {key: asked[key] for key in ("q", "where", "sort")}
        links = {one["text"]: parse_qs(urlsplit(one["attributes"]["href"]).query) for one in shown.all("a")}
        assert links["Show more"] == {key: [str(value)] for key, value in {**asked, "k": 4}.items()}
        kept = {key: [str(value)] for key, value in asked.items()}
        assert links["Remove n >= 3 ✕"] == kept | {"where": ['kind = "<i>"']}
        assert links['Remove kind = "<i>" ✕'] == kept | {"where": ["n >= 3"]}
        assert links["best match"] == {key: kept[key] for key in ("q", "k", "where")}
        assert links["n ↑"] == kept | {"sort": ["n"]}
        assert "expected a value" in client.get("/", params={"q": "wing", "where": "n >"}).text
        assert client.get("/", params={"q": "wing", "where": "n >"}).status_code == 400
        assert "Nothing in i that passes the filter" in client.get("/", params={"q": "wing", "where": "n > 99"}).text


def test_new_commits_show_without_a_restart(tmp_path):
    with gossamer.Index.create(tmp_path / "i") as writer:
        writer.add([{"id": "old", "text": "a wing"}])
    with served(tmp_path / "i") as client:
        assert client.get("/search.json?q=wing").json()["total"] == 1
        with gossamer.Index.open(tmp_path / "i") as writer:
            writer.add([{"id": "new", "text": "another wing"}])
        assert client.get("/search.json?q=wing").json()["total"] == 2
        assert "2 documents" in client.get("/").text


def test_an_index_that_goes_away_is_reported_not_traced(tmp_path):
    with gossamer.Index.create(tmp_path / "i") as writer:
        writer.add([{"id": "old", "text": "a wing"}])
    with served(tmp_path / "i") as client:
        (tmp_path / "i" / "manifest.json").write_text("broken")
        response = client.get("/?q=wing")
        assert response.status_code == 500
        assert "manifest.json" in Page(response.text).all("main")[0]["text"]
        assert client.get("/search.json?q=wing").headers["content-type"] == "application/problem+json"
        assert "Traceback" not in response.text


def test_serve_refuses_other_machines(run, library):
    for host in ("0.0.0.0", "192.168.1.2", "::", "example.org"):
        result = run("serve", library, "--host", host)
        assert result.exit_code == 2
        assert "loopback" in result.stderr


def test_serve_says_which_extra_is_missing(run, library, monkeypatch):
    from gossamer.app.cli import serve

    monkeypatch.setattr(serve, "find_spec", lambda name: None)
    result = run("serve", library)
    assert result.exit_code == 1
    assert "pip install 'gossamer[app]'" in result.stderr


def test_serve_says_when_the_port_is_taken(run, library):
    with _listen("127.0.0.1", 0) as taken:
        taken.listen()
        result = run("serve", library, "--port", taken.getsockname()[1])
    assert result.exit_code == 1
    assert "--port 0" in result.stderr
