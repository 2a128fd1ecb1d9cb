"""Long texts are counted over every call of an encoder, which warns of the first alone."""

import logging

from gossamer.app.cli.long_texts import said_once
from gossamer.app.cli.output import Output
from gossamer.retrieval.encoders import encoding


def test_calls_are_added_up(capsys):
    before = encoding.log.level, encoding.log.propagate
    with said_once(Output()):
        for level, count in ((logging.WARNING, 3), (logging.INFO, 4)):
            encoding.log.log(level, "%d of %d texts are longer than %d word pieces: %s", count, 9, 62, "cut")
    assert capsys.readouterr().err == "7 texts are longer than 62 word pieces: cut\n"
    assert (encoding.log.level, encoding.log.propagate) == before
    with said_once(Output()):
        pass
    assert capsys.readouterr().err == ""
