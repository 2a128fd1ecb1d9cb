"""Fifty everyday questions whose answers every Python developer knows, asked of the documentation of Python itself.

Nothing may be tuned on them: they are the exam. A question counts as answered by a document if the gold regular
expression matches any of the names under which Python knows the documented object.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gossamer.text.documents import Document

SOURCE = "python:stdlib"


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the names that answer it.

    Args:
        text: What a person types.
        gold: A regular expression, searched for in qualified names.

    Example:
        >>> Question("round up to integer", r"math\\.ceil").answered_by(["math.ceil"])
        True
    """

    text: str
    gold: str

    def answered_by(self, names: Iterable[str]) -> bool:
        """Whether one of an object's names is an answer."""
        return any(re.search(self.gold, name) for name in names)


def names(document: Document) -> list[str]:
    """All names of the object that a document of ``python:`` describes: its id, then its aliases."""
    return [document.id, *document.fields.get("aliases", ())]


def place(question: Question, found: Sequence[str], known: dict[str, list[str]]) -> int | None:
    """The rank, from 1, of the first right answer in a list of ids; None if there is none.

    Args:
        question: What was asked.
        found: Ids, best first.
        known: Id to all `names` of its object.
    """
    ranks = (rank for rank, identifier in enumerate(found, start=1) if question.answered_by(known[identifier]))
    return next(ranks, None)


QUESTIONS = tuple(Question(text, gold) for text, gold in (
    ("split a path into directory and file name", r"(posixpath|ntpath)\.split$"),
    ("run a command and capture its output", r"subprocess\.(run|check_output|getoutput|getstatusoutput)$"),
    ("most common elements of a list", r"Counter\.most_common"),
    ("read a csv file into dictionaries", r"csv\.DictReader|^csv$"),
    ("temporary directory removed automatically", r"TemporaryDirectory"),
    ("compress bytes", r"(zlib|bz2|lzma|gzip)\.compress$"),
    ("cache results of a function", r"functools\.(lru_cache|cache)$"),
    ("parse command line arguments", r"^argparse|parse_args|^getopt|^optparse"),
    ("days between two dates", r"datetime\.(timedelta|date)"),
    ("binary search in a sorted list", r"^bisect"),
    ("send an email", r"smtplib\..*(send_message|sendmail)"),
    ("combinations without repetition", r"itertools\.combinations$"),
    ("median of numbers", r"statistics\.median$"),
    ("wait for several threads", r"Barrier|futures.*wait$|Thread\.join"),
    ("merge already sorted inputs", r"heapq\.merge"),
    ("smallest n elements", r"nsmallest"),
    ("round up to integer", r"math\.ceil"),
    ("greatest common divisor", r"math\.gcd"),
    ("convert string to bytes", r"str\.encode|builtins\.bytes$"),
    ("remove whitespace at both ends", r"str\.strip$"),
    ("group consecutive equal items", r"groupby"),
    ("repeat something forever", r"itertools\.(cycle|repeat|count)"),
    ("random sample without replacement", r"random.*\.sample$"),
    ("shuffle a list in place", r"random.*shuffle"),
    ("pretty print nested data", r"pprint"),
    ("make a deep copy", r"copy\.deepcopy|^copy$"),
    ("find all files matching a pattern", r"glob"),
    ("delete a whole directory tree", r"rmtree"),
    ("change file permissions", r"chmod"),
    ("current working directory", r"getcwd"),
    ("hash a password", r"scrypt|pbkdf2|crypt"),
    ("generate secure random token", r"^secrets"),
    ("encode binary data as text", r"base64|binascii|b64"),
    ("decode json document", r"json.*(loads?|decode|JSONDecoder)"),
    ("parse an iso date", r"fromisoformat"),
    ("format time as string", r"strftime|isoformat"),
    ("stop the program", r"sys\.exit|os\._exit"),
    ("measure execution time of small code", r"^timeit"),
    ("start a new process", r"subprocess\.Popen|multiprocessing.*(Process|start)|os\.(fork|spawn|posix_spawn)"),
    ("lock shared between threads", r"Lock|threading"),
    ("escape html special characters", r"html\.escape|saxutils\.escape"),
    ("split url into parts", r"urllib\.parse\.url(split|parse)"),
    ("download a web page", r"urllib\.request|http\.client"),
    ("call function when interpreter exits", r"atexit"),
    ("context manager that ignores exceptions", r"contextlib\.suppress"),
    ("priority queue", r"heapq|PriorityQueue"),
    ("line by line difference of two texts", r"^difflib"),
    ("wrap long lines of text", r"^textwrap|TextWrapper"),
    ("complex square root", r"cmath\.sqrt|^cmath"),
    ("weak reference to an object", r"^weakref"),
))  # fmt: skip
