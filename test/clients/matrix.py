"""Writes the table of clients and what they do into README.md, from the results of the tests.

usage: matrix.py results.tsv [vitest.json]
The first is what test_restic.sh and test_big_sessions.py write with RESULTS; the second
`vitest run --project node test/gateway/clients-js.test.ts --reporter=json`.
"""

import json
import sys

COLUMNS = {
    "write and read": "write, read",
    "sync up": "sync up",
    "sync down": "sync down",
    "copy": "copy",
    "copy in parts": "copy of 20 MB",
    "move": "move",
    "in parts": "parts",
    "list": "list",
    "delete many": "delete many",
}
PACKAGES = {"client-s3": "@aws-sdk/client-s3", "lib-storage": "@aws-sdk/lib-storage", "minio": "minio (npm)"}
# The JavaScript tests are named by what they say, not by a column.
TESTS = {
    "puts and gets": ["write and read"],
    "copies on the server": ["copy"],
    "lists in pages, and deletes many": ["list", "delete many"],
    "uploads a short stream in one piece": ["write and read"],
    "uploads a stream of 12 MB in parts": ["in parts"],
    "puts a stream, and gets it, whole and in part": ["write and read"],
    "puts a file in parts, and gets it": ["in parts"],
    "copies on the server, and holds to a condition": ["copy"],
    "lists 50 keys, in a folder and above it, and removes them": ["list", "delete many"],
}
START, END = "<!-- clients: written by test/clients/matrix.py -->", "<!-- /clients -->"

outcomes = {}


def note(client, feature, good):
    cells = outcomes.setdefault(client, {})
    cells[feature] = cells.get(feature, True) and good


if len(sys.argv) > 2:
    version = {name: json.load(open(f"node_modules/{path.split(' ')[0]}/package.json"))["version"] for name, path in PACKAGES.items()}
    for result in json.load(open(sys.argv[2]))["testResults"]:
        for test in result["assertionResults"]:
            group = test["ancestorTitles"][-1]
            for feature in TESTS.get(test["title"], []) if group in PACKAGES else []:
                note(f"{PACKAGES[group]} {version[group]}", feature, test["status"] == "passed")
for line in open(sys.argv[1]):
    client, feature, outcome = line.rstrip("\n").split("\t")
    note(client, feature, outcome == "ok")

rows = [["client", *COLUMNS.values()], ["---"] * (len(COLUMNS) + 1)]
for client, cells in outcomes.items():
    rows.append([client, *({None: "–", True: "✓", False: "**fails**"}[cells.get(column)] for column in COLUMNS)])
table = "\n".join(f"| {' | '.join(row)} |" for row in rows)

readme = open("README.md").read()
before, _, rest = readme.partition(START)
_, _, after = rest.partition(END)
assert after, "README.md has no place for the table"
with open("README.md", "w") as out:
    out.write(f"{before}{START}\n{table}\n{END}{after}")
print(table)
