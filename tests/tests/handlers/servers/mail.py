"""An SMTP server on a port that it prints: it writes what it gets to its standard output, a line of JSON each.

Addresses say what it does with a mail: `busy@`, `nobody@` are refused, for now and for good; `broken@` ends the connection
once the mail was given.
"""

import asyncio
import json

from aiosmtpd.smtp import SMTP


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("busy@"):
            return "451 try again later"
        if address.startswith("nobody@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "text": envelope.content.decode()}
        print(json.dumps(mail), flush=True)
        if any(address.startswith("broken@") for address in envelope.rcpt_tos):
            server.transport.abort()
        return "250 taken"


async def serve():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler()), host="127.0.0.1", port=0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
