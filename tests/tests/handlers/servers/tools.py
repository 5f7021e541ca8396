"""An MCP server with a few tools: over its standard input and output, or over HTTP on the port that it is given."""

import os
import sys
import time

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel

server = MCPServer("tools")


class Issue(BaseModel):
    number: int
    title: str


class LineRange(BaseModel):
    startLine: int
    labels: list[str] = []


class Page(BaseModel):
    perPage: int
    lineRanges: list[LineRange]
    nextPage: str | None = None


@server.tool()
def list_pages(perPage: int, lineRanges: list[LineRange], anyThing: dict | None = None) -> Page:
    """Pages, a few at a time."""
    return Page(perPage=perPage, lineRanges=lineRanges, nextPage=str(anyThing))


@server.tool()
def open_issue(title: str, label: str | None = None) -> Issue:
    return Issue(number=7, title=f"{title} [{label}]")


@server.tool(structured_output=False)
def say(text: str) -> str:
    return f"said {text}"


@server.tool(structured_output=False)
def as_json(text: str) -> str:
    return '{ "number": 8, "title": "%s" }' % text


@server.tool()
def fails(text: str) -> str:
    raise ToolError(f"no {text} today")


@server.tool()
def sleeps() -> str:
    time.sleep(3600)
    return "late"


@server.tool(structured_output=False)
def large() -> str:
    return "x" * 5_000_000


@server.tool()
def dies() -> str:
    os._exit(3)


@server.tool(structured_output=False)
def secret() -> str:
    return os.environ.get("TOOLS_KEY", "none")


if len(sys.argv) > 1:
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
else:
    server.run("stdio")
