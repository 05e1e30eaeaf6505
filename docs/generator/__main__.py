"""Writes every generated file: `python -m docs.generator`, or `make docs`."""

from docs.generator.files import generated

if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
