"""MJML to HTML at synth, by the checks' own environment: the functions only ever see HTML."""

from mjml import mjml2html


def compile_mjml(source: str) -> str:
    """Raises ValueError with the compiler's message."""
    return str(mjml2html(source))
