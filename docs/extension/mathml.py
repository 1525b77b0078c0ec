# SPDX-License-Identifier: BSD-2-Clause
"""Typesets equations as MathML, which browsers draw: no script, and no host but the site's own."""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


def draw(translator: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write an equation, in a line or as a block."""
    block = isinstance(node, nodes.math_block)
    equation = tex2mathml(node.astext(), as_block=block)
    translator.body.append(
        f'<div class="equation" tabindex="0">{equation}</div>' if block else equation
    )
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx how equations are drawn."""
    app.add_html_math_renderer("mathml", (draw, None), (draw, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
