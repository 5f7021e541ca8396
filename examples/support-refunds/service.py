"""A small shop to try the example on: orders and their notes, refunds and charges, as real services offer them.

    python3 service.py [--port 8787] [--locked ORDER] [--slow SECONDS]

It keeps its books in memory and prints each change. A call with an `Idempotency-Key` that it knows gets its first answer again.
`--locked` makes an order refuse notes, `--slow` makes the first refund take long to answer. Nothing but Python's own library is needed.
"""

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from time import sleep

ORDERS = {
    "7": {"charge": "ch_7", "status": "captured", "total": "40 USD"},
    "8": {"charge": "ch_8", "status": "captured", "total": "900 USD"},
    "9": {"charge": "ch_9", "status": "open", "total": "15 USD"},
}


class Shop(BaseHTTPRequestHandler):
    locked = None
    slow = 0
    lock = Lock()
    answers = {}
    notes = {}
    numbers = {"re": 0, "ch": 0, "n": 0}

    def do_GET(self):
        match self.path.strip("/").split("/"):
            case ["orders", order] if order in ORDERS:
                self.answer(200, ORDERS[order])
            case ["notes"]:
                self.answer(200, self.notes)
            case _:
                self.answer(404, {"error": "there is no such order"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        key = (self.path, self.headers.get("Idempotency-Key"))
        with self.lock:
            if key not in self.answers:
                self.answers[key] = self.post(body)
            answer, late = self.answers[key], Shop.slow
            if "refunds" in self.path:
                Shop.slow = 0
        sleep(late if "refunds" in self.path else 0)
        self.answer(*answer)

    def post(self, body):
        match self.path.strip("/").split("/"):
            case ["orders", order, "notes"] if order == self.locked:
                return 423, {"error": f"order {order} is locked"}
            case ["orders", order, "notes"] if order in ORDERS:
                note = self.number("n")
                self.notes[note] = body["note"]
                self.say(f"order {order}: {body['note']}")
                return 200, {"id": note}
            case ["v1", "refunds" | "charges"] if not self.headers.get("Authorization", "").startswith("Bearer "):
                return 401, {"error": "who are you?"}
            case ["v1", "refunds"]:
                self.say(f"{body['amount']} goes back to {body['charge']}")
                return 200, {"refund": self.number("re")}
            case ["v1", "charges"]:
                self.say(f"{body['amount']} is charged to {body['charge']} again")
                return 200, {"charge": self.number("ch")}
        return 404, {"error": "there is nothing here"}

    def do_DELETE(self):
        match self.path.partition("?")[0].strip("/").split("/"):
            case ["orders", _, "notes", note]:
                with self.lock:
                    if self.notes.pop(note, None) is not None:
                        self.say(f"note {note} is gone")
                self.answer(200, {})
            case _:
                self.answer(404, {"error": "there is nothing here"})

    def number(self, kind):
        self.numbers[kind] += 1
        return f"{kind}_{self.numbers[kind]}"

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def say(self, text):
        print(f"shop: {text}", flush=True)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8787, help="0 for any that is free")
    parser.add_argument("--locked", help="an order that refuses notes")
    parser.add_argument("--slow", type=float, default=0, help="the seconds that the first refund takes to answer")
    arguments = parser.parse_args()
    Shop.locked, Shop.slow = arguments.locked, arguments.slow
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Shop)
    print(f"shop: listening on {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
