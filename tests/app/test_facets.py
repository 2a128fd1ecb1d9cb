"""Narrowing a search on the page: facets, chips, order, hints and likeness, by links alone, whatever values hold."""

import json
from itertools import takewhile
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import Page, page, served

import gossamer

KINDS = [
    "report",
    "note",
    '<script>alert("x")</script>',
    'a "quoted" \\ value',
    "и",
    "x) or (year > 0",
    "\u202ereversed",
    "",
]
LONG = " ".join(f"Sentence {n} of this passage speaks of wing number {n} and of the air around it." for n in range(12))


def documents():
    for n in range(64):
        yield {
            "id": f"d{n}", "text": f"A wing and a sail {n}. {LONG}", "title": f"Title <{n}>", "kind": KINDS[n % 8],
            "tags": ["a", "b & c"] if n % 2 else ["a"], "year": 1980 + n % 5, "added": f"2024-0{1 + n % 9}-01",
            "done": n % 3 == 0, "path": f"file {n}", "name`of": "x" if n % 2 else "y", "in": n % 2,
        }  # fmt: skip


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("facets") / "shelf"
    with gossamer.Index.create(folder) as index:
        index.add(documents())
    return folder


@pytest.fixture(scope="module")
def client(shelf):
    with served(shelf) as client:
        yield client


def links(shown, part):
    """The links in the navigation with this label: (text, address, whether it is in force)."""
    [found] = [one for one in shown.all("nav") if one["attributes"]["aria-label"] == part]
    inside = takewhile(lambda one: "nav" in one["path"], shown.elements[shown.elements.index(found) + 1 :])
    return [
        (" ".join(one["text"].split()), one["attributes"]["href"], "aria-current" in one["attributes"])
        for one in inside
        if one["tag"] == "a"
    ]


def headings(shown):
    """The names of the facets."""
    return [one["text"] for one in shown.all("h2") if one["path"][-1] == "section"]


def query_of(address):
    return parse_qs(urlsplit(address).query)


def test_fields_with_few_values_are_counted(client):
    shown = page(client, "/", q="wing")
    assert headings(shown) == ["tags", "done", "in", "year", "kind"]
    said = client.get("/search.json", params=[("q", "wing"), *(("facet", f) for f in ("kind", "tags", "done"))]).json()
    assert sorted(said["facets"]["kind"]) == sorted([kind, 8] for kind in KINDS)
    assert said["facets"]["tags"] == [["a", 64], ["b & c", 32]]
    assert said["facets"]["done"] == [[False, 42], [True, 22]]


def test_every_value_leads_to_exactly_its_documents(client):
    for text, address, active in links(page(client, "/", q="wing"), "Narrow down"):
        count = int(text.rsplit(" ", 1)[1])
        assert not active
        narrowed = page(client, address)
        assert narrowed.all("p", role="status")[0]["text"].startswith(f"{count} document"), address
        said = client.get("/search.json", params=query_of(address)).json()
        assert said["total"] == count
        # What was chosen is in force, and choosing it again takes it back.
        [back] = [one for one in links(narrowed, "Narrow down") if one[2] and one[0] == text]
        assert query_of(back[1]) == {"q": ["wing"], "k": ["10"]}
        [chip] = [one for one in narrowed.all("a") if one["text"].startswith("Remove ")]
        assert query_of(chip["attributes"]["href"]) == {"q": ["wing"], "k": ["10"]}


def test_two_choices_both_hold(client):
    first = next(
        address for text, address, _ in links(page(client, "/", q="wing"), "Narrow down") if text == "b & c 32"
    )
    second = next(address for text, address, _ in links(page(client, first), "Narrow down") if text == "true 11")
    assert query_of(second)["where"] == ['tags = "b & c" and done = true']
    assert page(client, second).all("p", role="status")[0]["text"].startswith("11 documents")
    chips = [one for one in page(client, second).all("a") if one["text"].startswith("Remove ")]
    assert [query_of(chip["attributes"]["href"])["where"] for chip in chips] == [["done = true"], ['tags = "b & c"']]


def test_a_filter_of_alternatives_is_one_chip_and_stays_whole(client):
    where = "year = 1980 or kind = note"
    shown = page(client, "/", q="wing", where=where)
    chips = [one["text"] for one in shown.all("a") if one["text"].startswith("Remove ")]
    assert chips == [f"Remove {where} ✕"]
    _, address, _ = next(one for one in links(shown, "Narrow down") if one[0].startswith("b & c"))
    assert query_of(address)["where"] == [f'({where}) and tags = "b & c"']


def test_hostile_values_are_only_text(client):
    for query in ({"q": "wing"}, {"q": "wing", "where": 'kind = "<script>alert(\\"x\\")</script>"'}):
        source = client.get("/", params=query).text
        shown = Page(source)
        assert not shown.all("script")
        assert "<script" not in source
        assert any(KINDS[2] in one["text"] for one in shown.all("a"))
        for element in shown.elements:
            assert not [name for name in element["attributes"] if name.startswith("on") or name == "style"]


def test_an_empty_result_says_what_to_leave_out(client):
    where = "year >= 1990 and kind = note"
    shown = page(client, "/", q="wing", where=where)
    [hint] = shown.all("ul", class_="without")
    assert hint["text"] == "without year >= 1990: 8 documents"
    said = client.get("/search.json", params={"q": "wing", "where": where}).json()
    assert said["without"] == [{"condition": "year >= 1990", "where": "kind = note", "total": 8}]
    address = next(one["attributes"]["href"] for one in shown.all("a") if one["text"].startswith("without"))
    assert page(client, address).all("p", role="status")[0]["text"].startswith("8 documents")
    both = client.get("/search.json", params={"q": "wing", "where": "year > 1990 and not exists(kind)"}).json()
    assert both["without"] == [{"condition": "year > 1990 and not exists(kind)", "where": "", "total": 64}]
    assert "without" not in client.get("/search.json", params={"q": "zeppelin", "where": "year > 1990"}).json()
    assert "without" not in client.get("/search.json", params={"q": "wing", "where": "year > 1980"}).json()


def test_order_is_a_choice(client):
    offered = links(page(client, "/", q="wing", sort="-year"), "Order")
    assert [text for text, _, _ in offered] == ["best match", "added ↓", "added ↑", "in ↓", "in ↑", "year ↓", "year ↑"]
    assert [text for text, _, active in offered if active] == ["year ↓"]
    for _, address, _ in offered:
        said = client.get("/search.json", params=query_of(address)).json()
        assert [one["attributes"]["data-id"] for one in page(client, address).all("article")] == [
            hit["id"] for hit in said["hits"]
        ]


def test_more_like_this(client):
    shown = page(client, "/", q="wing", where="done = true", sort="year")
    address = next(one["attributes"]["href"] for one in shown.all("a") if one["text"] == "More like this")
    identifier = shown.all("article")[0]["attributes"]["data-id"]
    assert query_of(address) == {"like": [identifier], "where": ["done = true"], "k": ["10"]}
    alike = page(client, address)
    said = client.get("/search.json", params=query_of(address)).json()
    ids = [one["attributes"]["data-id"] for one in alike.all("article")]
    assert ids == [hit["id"] for hit in said["hits"]]
    assert ids
    assert identifier not in ids
    assert said["plan"]["liked"]
    assert alike.all("h1")[0]["text"] == f"Documents like {identifier}"
    kept = [(one["attributes"]["name"], one["attributes"]["value"]) for one in alike.all("input", type="hidden")]
    assert kept == [("where", "done = true"), ("like", identifier)]
    assert "no document" in page(client, "/", 400, like="absent").all("main")[0]["text"]


def test_filters_alone_are_a_search(client):
    shown = page(client, "/", where="year = 1981")
    assert shown.all("p", role="status")[0]["text"].startswith("13 documents, the best 10")
    assert shown.all("h1")[0]["text"] == "Documents"


def test_named_fields_are_counted_instead(shelf):
    with served(shelf, facets=["path", "absent"]) as client:
        shown = page(client, "/", q="wing")
        assert headings(shown) == ["path"]
        asked = page(client, "/", q="wing", facet="kind")
        assert headings(asked) == ["kind"]
        twin = next(one["attributes"]["href"] for one in asked.all("a") if one["text"] == "this page as JSON")
        assert set(client.get(twin).json()["facets"]) == {"kind"}
        assert "no document has a field" in page(client, "/", 400, q="wing", facet="absent").all("main")[0]["text"]


def test_serve_knows_the_fields(run, shelf):
    result = run("serve", shelf, "--facet", "absent")
    assert result.exit_code == 2
    assert "no document has a field 'absent'" in result.stderr


def test_marks_tell_how_much_a_word_counted(client):
    said = client.get("/search.json", params={"q": "wing sail 7 the around speaks"}).json()
    shown = page(client, "/", q="wing sail 7 the around speaks")
    weights = [one["attributes"]["data-w"] for one in shown.all("mark") if "blockquote" not in one["path"]]
    expected = [
        str(step)
        for hit in said["hits"]
        for low, high in hit["snippet"]
        for (start, _), step in zip(hit["highlights"], hit["intensities"], strict=True)
        if low <= start < high
    ]
    assert weights == expected
    assert len(set(weights)) > 1


def test_context_is_the_text_around_the_passage(client):
    texts = {document["id"]: document["text"] for document in documents()}
    said = client.get("/search.json", params={"q": "sail", "context": 2}).json()
    for hit in said["hits"]:
        around, passage = hit["context"], hit["passage"]
        assert texts[hit["id"]][around["start"] : around["end"]] == around["text"]
        assert around["start"] <= passage["start"] < passage["end"] <= around["end"]
    shown = page(client, "/", q="sail")
    for one, article in zip(shown.all("blockquote"), shown.all("article"), strict=False):
        assert one["text"] in texts[article["attributes"]["data-id"]]
    assert len(shown.all("blockquote")) > 3
    assert len([one for one in shown.all("a") if one["text"] == "Show context"]) == 10 - len(shown.all("blockquote"))


def test_the_plan_is_shown(client):
    said = client.get("/search.json", params={"q": "wings sai* -note", "where": "year > 1981"}).json()["plan"]
    assert said["words"] == [["wings", "wing"]]
    assert said["prefixes"] == {"sai": 1}
    assert said["excluded"] == ["note"]
    assert said["conditions"] == [{"text": "year > 1981", "documents": 38}]
    [plan] = page(client, "/", q="wings sai* -note", where="year > 1981").all("details", class_="plan")
    for text in ("wings → wing", "sai* → 1 term", "year > 1981 (38 documents)", "38 of 64 documents", "1 segment"):
        assert text in plan["text"]


def test_a_full_page_stays_small(client):
    for query in ("wing sail speaks passage air around number", "wing"):
        assert 10_000 < len(client.get("/", params={"q": query}).content) < 60_000
    assert len(client.get("/", params={"like": "d1"}).content) < 60_000


@pytest.mark.parametrize(
    "query",
    [{"like": ["a"] * 11}, {"facet": ["a"] * 11}, {"q": "wing", "context": -1}, {"q": "x", "where": "year >"}],
)
def test_wrong_requests(client, query):
    response = client.get("/search.json", params=query)
    assert response.status_code in (400, 422)
    assert json.loads(response.text)["status"] == response.status_code
