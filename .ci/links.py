"""Checks the links between the Markdown files: each file and each heading that a link names must exist."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s*<?(\S+?)>?\s*$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


def without_code(text: str) -> str:
    """Returns `text` without code blocks and code spans, because brackets in code are no links."""
    text = re.sub(r"^( *)(```+|~~~+).*?^\1\2[^\n]*$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)


def anchors(path: pathlib.Path) -> set[str]:
    """Returns the anchors that GitHub makes from the headings of a page."""
    found: set[str] = set()
    text = re.sub(r"^( *)(```+).*?^\1\2[^\n]*$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#{1,6} +(.*?) *#*$", text, flags=re.MULTILINE):
        heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = 1
        name = slug
        while name in found:
            name = f"{slug}-{number}"
            number += 1
        found.add(name)
    return found | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", path.read_text()))


def broken(page: pathlib.Path) -> list[str]:
    """Returns a line for each link in `page` that leads nowhere."""
    found = []
    for match in LINK.finditer(without_code(page.read_text())):
        target = match.group(1) or match.group(2)
        if ELSEWHERE.match(target):
            continue
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        if not to.exists():
            found.append(f"{page.relative_to(ROOT)}: {target}: there is no such file")
        elif anchor and to.suffix == ".md" and anchor not in anchors(to):
            found.append(f"{page.relative_to(ROOT)}: {target}: there is no such heading")
    return found


def main() -> None:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    pages = [ROOT / name for name in listed.splitlines() if (ROOT / name).exists()]
    wrong = [line for page in pages for line in broken(page)]
    print("\n".join(wrong) or f"links: the links in {len(pages)} pages are right", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
