"""The C++ core: analysis of text, and building, merging and searching segments. Built from ``native/``.

Plain tuples cross this border; the modules that call it give them names. All offsets are code points unless said.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

_Heading: TypeAlias = tuple[int, int, int, str]  # start, end, level, value
# id, title, text, metadata, headings, texts of declared fields
_Document: TypeAlias = tuple[str, str, str, bytes, list[_Heading], list[str]]
_Passage: TypeAlias = tuple[int, int, int, int]  # start, end; start, end in bytes of UTF-8
_Query: TypeAlias = (
    list[tuple[str, float]] | list[tuple[str, float, int]]
)  # term, weight, space (the first if left out)
_Section: TypeAlias = tuple[str, str, bool, Buffer]  # name, element kind, required, bytes
_Range: TypeAlias = tuple[int, int]  # start, end
_Values: TypeAlias = Literal["f32", "f16", "u8"]
_Space: TypeAlias = tuple[str, str, _Values]  # name, "text" or "vectors", how values of vectors are kept
_Kind: TypeAlias = Literal["word", "cjk", "ngram", "code"]

class Damaged(Exception):
    """Bytes of a segment contradict each other; the message names the section."""

# --- analysis ---

class Analyzer:
    """Text to terms: words, folding, stop words, stemming."""

    def __init__(self, options: dict[str, Any]) -> None:
        """``options`` are complete; ``gossamer.text.analysis_options`` has checked them."""

    def analyze(self, text: str) -> list[tuple[str, int, int, int, _Kind]]:
        """Every term with its position, start, end and kind."""

    def terms(self, text: str) -> list[str]:
        """The terms alone."""

    def highlights(self, text: str, terms: Sequence[str]) -> list[_Range]:
        """Where the terms occur, ascending and apart."""

    def excerpts(
        self,
        texts: list[str],
        terms: list[tuple[str, float]],
        query: str,
        shares: list[list[tuple[Any, ...]]],
    ) -> list[tuple[list[_Range], list[_Range], list[int]]]:
        """For each text what to highlight, one or two windows to show, and how much each highlight counts, from 1 to 4.

        Weights of terms are not negative; a share starts with a term and ends with what it counts in the text.
        """

def split_passages(text: str, words: int, headings: Sequence[int] = []) -> list[_Passage]:
    """Passages of about ``words`` words (0: one), cut at sentences and before the starts of ``headings``."""

def split_sentences(text: str) -> list[_Passage]:
    """Sentences as (start, end, byte start, byte end)."""

def split_compounds(frequencies: Sequence[tuple[str, int]], words: Sequence[str]) -> list[list[_Range]]:
    """The parts of each word by the frequencies of parts, none where it stays whole."""

def unicode_version() -> str:
    """The version of the Unicode tables, such as ``"16.0.0"``."""

# --- index ---

class Bm25:
    """How term frequencies become scores."""

    def __init__(
        self,
        variant: str,
        k1: float,
        b: float,
        delta: float,
        mu: float,
        lucene_lengths: bool,
        fields: Sequence[tuple[float, float]],
    ) -> None:
        """``fields``: weight and b of each, of bm25f."""

class QueryParser:
    """A text query to weighted terms."""

    def __init__(self, analyzers: Sequence[Analyzer], /) -> None: ...
    def parse(self, text: str, /) -> list[tuple[str, float]]:
        """The terms, ascending, each weighing as often as it occurs."""

class Builder:
    """Collects documents in memory until they are flushed as the sections of a segment.

    ``columns``: for each space of vectors the names of their columns; none: they are called ``"#column"``.
    """

    def __init__(
        self,
        spaces: Sequence[_Space],
        analyzers: Sequence[Analyzer],
        columns: Sequence[Sequence[str]],
        passage_words: int,
        threads: int,
        scoring: Bm25,
    ) -> None: ...
    def add(self, documents: list[_Document], insertion: int) -> None:
        """Analyse and add, where there are no vectors; ``insertion`` is the first one's insertion number."""

    def add_vectors(
        self,
        documents: list[_Document],
        insertion: int,
        ranges: list[list[_Passage]],
        vectors: Sequence[tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float32]]],
    ) -> None:
        """Add one vector a range in each space of vectors (CSR, ascending columns), and analyse where there is text."""

    def erase(self, identifier: str, /) -> bool:
        """Forget a document added since the last flush; False if there is none."""

    def contains(self, identifier: str, /) -> bool:
        """Was the document added since the last flush?"""

    def superseded(self, older: Segment, /) -> list[int]:
        """Documents of an older segment that were added again since the last flush."""

    @property
    def documents(self) -> int:
        """Documents added since the last flush, erased ones included."""

    @property
    def pending(self) -> int:
        """Of those, how many a flush would write."""

    @property
    def memory(self) -> int:
        """Bytes in use."""

    def flush(self) -> tuple[list[_Section], dict[str, Any], list[int]]:
        """Everything as sections, facts about them, and the numbers of erased documents; then start empty."""

class Segment:
    """Reads one immutable segment; documents and rows are numbered from 0."""

    @property
    def rows(self) -> int:
        """How many rows: passages."""

    @property
    def documents(self) -> int:
        """How many documents."""

    def id(self, document: int, /) -> str:
        """A document's id."""

    def find(self, identifier: str, /) -> list[int]:
        """Documents with this id, dead ones included."""

    def document_of(self, row: int, /) -> int:
        """Which document a row belongs to."""

    def order(self, row: int, /) -> int:
        """Insertion number of the row's document."""

    def range(self, row: int, /) -> tuple[int, int]:
        """Where the row's passage lies in its document's text."""

    def metadata(self, document: int, /) -> bytes:
        """Title, fields and spans as JSON; empty when there are none."""

    def text(self, document: int, /) -> str:
        """A document's text."""

    def starting_with(self, prefix: str, limit: int, /) -> list[tuple[str, int]]:
        """Terms that start so, ascending, with their frequency."""

    def with_phrase(self, phrase: list[tuple[str, int]], slop: int, /) -> bytes:
        """A byte for each document: 1 where (term, offset) pairs stand together; dead documents count."""

    def passage(self, row: int, /) -> str:
        """A row's text."""

    def terms_of(self, document: int, space: int = 0) -> list[tuple[str, int, float]]:
        """Each term of a document: in how many of its rows it is, and how often in all, or the sum of its values."""

    def frequency(self, term: str, space: int = 0) -> int:
        """How many rows hold a term, deleted ones included."""

    def terms(self, space: int) -> int:
        """How many terms a space has."""

    def term(self, term: int, /) -> tuple[str, int]:
        """A term by number (ascending bytes), and its document frequency in rows."""

def open_segment(
    file: Buffer, sections: dict[str, tuple[int, int]], spaces: Sequence[_Space], facts: dict[str, Any]
) -> Segment:
    """A segment over mapped bytes; ``sections`` gives offset and length by name.

    Args:
        file, sections: Where they are.
        spaces: Text first; none for the documents alone.
        facts: As :meth:`Builder.flush` gave them.

    Raises:
        Damaged: A section is missing, outside the file, or inconsistent.
    """

class Filter:
    """Which rows of a snapshot a search may return."""

class Snapshot:
    """Segments searched as one."""

    def __init__(
        self, segments: Sequence[Segment], dead: Sequence[Sequence[int]], text: bool, scoring: Bm25
    ) -> None: ...
    @property
    def rows(self) -> int:
        """Rows of all segments, deleted ones included."""

    @property
    def tokens(self) -> int:
        """Tokens of all rows, deleted ones included."""

    @property
    def mean_length(self) -> float:
        """Tokens a row."""

    def rank_texts(
        self, parser: QueryParser, texts: list[str], k: int, exhaustive: bool, accepted: Filter | None = None
    ) -> list[list[tuple[str, float]]]:
        """The k best ids with scores for each text."""

    def rank_terms(
        self,
        queries: Sequence[_Query],
        k: int,
        exhaustive: bool,
        accepted: Filter | None = None,
        approximate: tuple[int, int] | None = None,
    ) -> list[list[tuple[str, float]]]:
        """The k best ids with scores for each weighted query.

        ``approximate``: postings read and rows scored at most, over all segments; None is exact, and so is text.
        """

    def rank_vectors(
        self,
        names: ColumnNames,
        indptr: NDArray[np.int64],
        indices: NDArray[np.uint32],
        values: NDArray[np.float32],
        k: int,
        exhaustive: bool,
        accepted: Filter | None = None,
        approximate: tuple[int, int] | None = None,
    ) -> list[list[tuple[str, float]]]:
        """The same for rows of a matrix."""

    def search_vectors(
        self,
        names: ColumnNames,
        indptr: NDArray[np.int64],
        indices: NDArray[np.uint32],
        values: NDArray[np.float32],
        k: int,
        approximate: tuple[int, int] | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], int]:
        """Documents and scores for rows of a matrix, (n, k), -1 and -inf where there are no more; postings read.

        A document is its segment times 2**32 plus its number there.
        """

    def top_k(
        self,
        query: _Query,
        k: int,
        exhaustive: bool,
        accepted: Filter | None = None,
        approximate: tuple[int, int] | None = None,
    ) -> tuple[list[tuple[float, int, int, int, int]], int, int]:
        """The k best documents by their best row, as (score, segment, row, document, order); postings and rows read."""

    def prunes(self, query: _Query) -> bool:
        """Whether a search may prune, or has to score every posting."""

    def filter(self, wanted: Sequence[NDArray[np.bool_]]) -> Filter:
        """A filter from one mask over the documents of each segment."""

    def matching(self, query: _Query, segment: int, every: bool, field: int | None = None) -> bytes:
        """A byte for each document of a segment: 1 where it is live and holds any term, or all of them.

        ``field``: only occurrences in this field count; every term may stand in another passage.
        """

    def explain(
        self, query: _Query, rows: Sequence[tuple[int, int]]
    ) -> list[list[tuple[str, int, float, float, float]]]:
        """For each (segment, row) what terms add to its score: term, space, query and document weight, contribution."""

class ColumnNames:
    """The names of a matrix's columns, looked up in the segments of a snapshot of vectors.

    Raises:
        ValueError: Two columns have one name.
    """

    def __init__(self, snapshot: Snapshot, names: list[str]) -> None: ...

class Merger:
    """Segments rewritten as one without dead documents."""

    def __init__(
        self,
        spaces: Sequence[_Space],
        segments: Sequence[Segment],
        dead: Sequence[Sequence[int]],
        scoring: Bm25,
        memory: int,
        threads: int,
    ) -> None: ...
    @property
    def sections(self) -> list[tuple[str, str, bool]]:
        """Name, element kind and whether required, of each section to write."""

    def write(self, section: int, sink: Callable[[bytes], object]) -> None:
        """Hand the bytes of a section to ``sink``, chunk by chunk."""

    @property
    def facts(self) -> dict[str, Any]:
        """Facts about the new segment."""

# --- words as people type them ---

def query_words(parser: QueryParser, text: str) -> list[tuple[str, str, int, int, int, int]]:
    """All words of a text: case-folded, its term (empty if dropped), letters if it may be mistyped (else 0), position,
    start and end in code points."""

def similar_words(snapshot: Snapshot, word: str, edits: int, limit: int) -> list[tuple[str, int, int]]:
    """Words of live documents within so many edits (at most 2), with their edits and occurrences: fewest edits first,
    then most occurrences, then bytes."""

def live_terms(snapshot: Snapshot, terms: list[str]) -> list[bool]:
    """For each term whether a live document holds it."""

# --- processor ---

def cpu_level() -> str:
    """The kernels in use: ``avx512``, ``avx2``, ``neon`` or ``portable``."""

def cpu_features() -> list[str]:
    """What the processor offers."""

# --- block index ---

def build_block(
    indptr: NDArray[np.int64],
    indices: NDArray[np.uint32],
    values: NDArray[np.float32],
    kind: _Values,
    threads: int,
    order: Literal["given", "bisect", "cluster"],
    seed: int,
    memory: int,
    folder: str,
) -> list[_Section]:
    """The sections of a space of vectors (CSR, ascending columns, positive values)."""

def open_block(sections: dict[str, Buffer], rows: int, kind: _Values) -> BlockSpace:
    """A space over sections that ``build_block`` made.

    Raises:
        Damaged: A section is missing or inconsistent.
    """

class BlockSpace:
    """Sparse vectors with what exact search reads; rows are numbered from 0."""

    @property
    def rows(self) -> int:
        """How many vectors."""

    @property
    def terms(self) -> int:
        """How many columns occur."""

class Search:
    """A way of searching with its options, over the space that it was made for."""

    def __call__(
        self,
        indptr: NDArray[np.int64],
        indices: NDArray[np.uint32],
        values: NDArray[np.float32],
        k: int,
        accepted: NDArray[np.bool_] | None = None,
        threads: int = 1,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], int, int]:
        """Ids and scores, shape (queries, k), -1 and -inf where there are no more; postings read, rows scored."""

def exact(space: BlockSpace, *, share: float = ..., postings: int = ..., candidates: int = ...) -> Search:
    """Lists as far as the threshold makes it necessary, then vectors; options as for ``Effort`` in block/search.h."""

def exhaustive(space: BlockSpace) -> Search:
    """Every row scored: the oracle."""

def two_phase(space: BlockSpace, postings: int, candidates: int) -> Search:
    """The strongest pieces of lists, then vectors."""

class BlockPostings:
    """Lists in document order with their values: the vectors of a space, transposed."""

    def __init__(self, space: BlockSpace) -> None:
        """Damaged where a value is negative or not finite, as for the structures below."""

    @property
    def parts(self) -> dict[str, int]:
        """Bytes in memory."""

class BlockMaxPostings:
    """The same, with the largest value of every ``block_size`` postings."""

    def __init__(self, space: BlockSpace, block_size: int) -> None: ...
    @property
    def parts(self) -> dict[str, int]:
        """Bytes in memory."""

class BmpIndex:
    """Blocks of ``block_size`` rows with their maxima."""

    def __init__(self, space: BlockSpace, block_size: int, compressed: bool, saturating: bool) -> None: ...
    @property
    def parts(self) -> dict[str, int]:
        """Bytes in memory."""

class SuperblockIndex:
    """Superblocks of ``blocks`` blocks of ``block_size`` rows with their maxima."""

    def __init__(self, space: BlockSpace, block_size: int, blocks: int) -> None: ...
    @property
    def parts(self) -> dict[str, int]:
        """Bytes in memory."""

def term_at_a_time(postings: BlockPostings) -> Search:
    """Every posting of every query term."""

def maxscore(postings: BlockPostings) -> Search:
    """Lists that cannot matter alone are not read alone."""

def wand(postings: BlockPostings) -> Search:
    """From pivot to pivot."""

def block_max_wand(postings: BlockMaxPostings) -> Search:
    """The same, past blocks whose maxima are too small."""

def bmp(index: BmpIndex, alpha: float, beta: float) -> Search:
    """Blocks by falling bound."""

def superblock(index: SuperblockIndex, mu: float, eta: float) -> Search:
    """Superblocks by falling bound, then their blocks."""

def build_seismic(
    space: BlockSpace,
    *,
    pruning: str,
    n_postings: int,
    max_fraction: float,
    blocking: str,
    centroid_fraction: float,
    min_cluster_size: int,
    doc_cut: int,
    centroid_share: float,
    block_size: int,
    summary: str,
    energy: float,
    entries: int,
    rounding: str,
    neighbours: int,
    compressed: bool,
    seed: int,
    threads: int,
) -> list[tuple[str, str, bool, NDArray[np.uint8]]]:
    """Lists in blocks with summaries: (name, element kind, required, bytes) of each section. Options of 0: no limit.

    Raises:
        ValueError: Compressed columns of more than 65,536 terms.
    """

class SeismicLists:
    """Lists in blocks with summaries, over the space that they were made for."""

    @property
    def blocks(self) -> int:
        """Of all lists."""

def open_seismic(space: BlockSpace, sections: dict[str, Buffer]) -> SeismicLists:
    """Lists over their sections, which are kept.

    Raises:
        Damaged: A section is missing or inconsistent.
    """

def seismic(lists: SeismicLists, *, query_cut: int, heap_factor: float, ordered: str, hop: int) -> Search:
    """Blocks whose summaries come near the threshold."""

# --- transformers ---

class WordPiece:
    """Text to ids of word pieces."""

    def __init__(self, options: dict[str, Any]) -> None:
        """``options`` are complete; ``gossamer.retrieval.encoders.transformer.wordpiece`` has checked them."""

    def encode(
        self, texts: list[str], before: list[int], after: list[int], longest: int, threads: int
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Where each text's ids begin, and the ids, of which those around the text are always whole."""

    def weigh(
        self, texts: list[str], weights: NDArray[np.float32], counts: bool, threads: int
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float32]]:
        """Rows of the different ids of each text, ascending, whose weight is not 0."""

class Transformer:
    """A BERT-like encoder; ``gossamer.retrieval.encoders.transformer.checkpoint`` has checked the arrays."""

    def __init__(self, config: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        """Copies the arrays; scales of int8 are the bits of float16, as uint16."""

    def encode(
        self,
        indptr: NDArray[np.int64],
        ids: NDArray[np.uint32],
        states: NDArray[np.float32] | None,
        ignored: list[int],
        margin: tuple[int, int],
        first_only: bool,
        left_out: list[int],
        weight: str,
        threshold: float,
        prune: float,
        most: int | None,
        threads: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float32]]:
        """Sparse rows over the vocabulary; of states that were made elsewhere, if they are given.

        Raises:
            ValueError: A text is too long, an id is beyond the vocabulary, or the model has no head.
        """

    def states(
        self,
        indptr: NDArray[np.int64],
        ids: NDArray[np.uint32],
        given: NDArray[np.float32] | None,
        kind: str,
        threads: int,
    ) -> NDArray[np.float32]:
        """The ``last`` state of every id, what the head makes of it (``transformed``), or of every text the ``mean``;
        of states that were ``given``, if any.

        Raises:
            ValueError: A text is too long, or an id is beyond the vocabulary.
        """
