"""The server for agents that speak MCP: what `wf` answers, as tools, over standard streams.

Imports everything below the command, and the SDK `mcp`, an extra. Standard output carries the
protocol and nothing else; where things lie is said by whoever starts it.
"""
