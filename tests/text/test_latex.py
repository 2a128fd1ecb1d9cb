"""LaTeX: words without commands, sections, maths that can be read, code as it stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from reading import read_one, reason, spanned

from gossamer.text.readers.latex import plain
from gossamer.text.readers.registry import choose
from gossamer.text.readers.tex import TOKEN

LATEX = r"""
\documentclass[11pt]{article}
\newcommand{\foo}[1]{not this #1} % nor this
\title{Of \emph{flight}\\again}
\author{Ada Byron \and Jörg M\"uller\thanks{nor this}}
\begin{document}
\maketitle
\begin{abstract}We study lift.\end{abstract}
\section{Wings \& lift}\label{sec:w}
Lift is \textbf{a force} \cite[p.~3]{a,b}, see~\ref{sec:w}: 5\,\% of ``all'' --- f\"ur % a comment
alle.\footnote{Or so.}
\begin{equation} L = \frac{1}{2} \rho v^{2n} \leq \infty \end{equation}

\subsection*{Code}
\begin{itemize}\item one \item[two] more\end{itemize}
\begin{lstlisting}[language=Python]
x = 1 % y
\end{lstlisting}
\begin{verbatim}
\section{no}
\end{verbatim}
\def\x#1{not this} \verb|a_b%| \url{http://x.org/a%20b} \href{http://y.org}{a link} \unknown{kept}
\end{document}
not this
"""


def test_latex_is_its_words_with_sections_and_code():
    document = read_one("latex", LATEX.encode())
    assert document.title == "Of flight again"
    assert document.fields == {"author": "Ada Byron, Jörg Müller"}
    assert document.text == (
        "Abstract\n\nWe study lift.\n\nWings & lift\n\n"
        "Lift is a force, see: 5 % of “all” — für alle. (Or so.)\nL = 1/2 ρv^2n ≤∞\n\n"
        "Code\n- one\n- two more\n\nx = 1 % y\n\n\\section{no}\n\na_b% http://x.org/a%20b a link kept"
    )
    assert spanned(document, "heading") == [
        ("Abstract", "Abstract", 1), ("Wings & lift", "Wings & lift", 1), ("Code", "Code", 2),
    ]  # fmt: skip
    assert spanned(document, "code") == [("x = 1 % y", "python", 0), ("\\section{no}", "", 0)]


def test_the_highest_section_of_a_file_has_the_first_level():
    document = read_one("latex", rb"\chapter{One} a \section{Two} b \subsection{Three} c")
    assert [(value, level) for _, value, level in spanned(document, "heading")] == [
        ("One", 1),
        ("Two", 2),
        ("Three", 3),
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            r"{M\"uller}, \'{e}t\'e, na\"{\i}ve, \c{c}a, \v Skoda, \o re, \aa, \ss",
            "Müller, été, naïve, ça, Škoda, øre, å, ß",
        ),
        (r"$\alpha_{ij} \in \mathbb{R}$, $\frac{a+b}{2}$, $\log x \to \infty$", "α_ij ∈R, (a+b)/2, log x →∞"),
        (r"a\,b~c\ d\-e\&f \{x\} \$5 \#1 \textbackslash", "a b c de&f {x} $5 #1 \\"),
        (r"{\it italic} \par {\sc caps}", "italic\n\ncaps"),
        ("`one' ``two'' 3--4 --- five", "`one' “two” 3–4 — five"),
        ("", ""),
    ],
)
def test_commands_are_the_characters_that_they_make(source, text):
    assert plain(source) == text


@pytest.mark.parametrize(
    "piece", ["{", "}", "\\textbf{", "\\title{", "\\frac", "\\begin{verbatim}", "$", "\\item[", "\\footnote{"]
)
def test_hostile_nesting_is_read_in_one_pass(piece):
    assert "wing" in read_one("latex", f"wing {piece * 20_000}".encode()).text


def test_latex_without_words_is_refused():
    assert reason("latex", b"\\begin{document}\\maketitle\\end{document}") == "no text in it"
    assert choose(b"% comment\n\\documentclass{article}\n", "paper").name == "latex"


@given(st.text(alphabet="\\{}$%[]abc \n`'-~&^_", max_size=200))
@settings(max_examples=200)
def test_any_source_is_cut_into_tokens_without_a_gap(source):
    at = 0
    while token := TOKEN.match(source, at):
        assert token.end() > at
        at = token.end()
    assert at == len(source)
    plain(source)
