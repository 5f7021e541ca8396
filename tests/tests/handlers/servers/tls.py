"""Encrypted servers on ports of their own: what they got goes to standard output, a line of JSON each.

The first argument is a folder, for the certificate `ca.pem` of an authority that is made here. The first line of the output
says which server listens where. A server's name says what is right or wrong with its certificate.
"""

import asyncio
import datetime
import http.server
import ipaddress
import json
import ssl
import sys
import threading
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FOLDER = Path(sys.argv[1])
NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """Somebody who signs certificates."""

    def __init__(self, common):
        self.key, self.name = ec.generate_private_key(ec.SECP256R1()), name(common)
        made = self.begun(self.name, self.key, -DAY, 30 * DAY)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = made.sign(self.key, hashes.SHA256())

    def begun(self, subject, key, since, until):
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        return made.not_valid_before(NOW + since).not_valid_after(NOW + until)

    def context(self, file, hosts, since=-DAY, until=DAY):
        """A server's side of TLS, with a certificate for these hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self.begun(name(hosts[0]), key, since, until)
        made = made.add_extension(x509.SubjectAlternativeName([general(host) for host in hosts]), critical=False)
        made = made.sign(self.key, hashes.SHA256())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = FOLDER / file
        path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def general(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def told(**what):
    print(json.dumps(what), flush=True)


class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        told(server="https", path=self.path, authorization=self.headers.get("authorization"))
        if self.path == "/orders/down":
            self.send_response(302)
            self.send_header("location", f"http://127.0.0.1:{self.server.server_port}/orders/1")
            self.send_header("content-length", "0")
            self.end_headers()
            return
        body = json.dumps({"charge": "ch_1"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass


def https(context):
    server = Quiet(("127.0.0.1", 0), Shop)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


class Post:
    async def handle_DATA(self, server, session, envelope):
        told(server="smtp", to=envelope.rcpt_tos, encrypted=session.ssl is not None, user=session.auth_data)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.password == b"pw_0123456789", handled=False, auth_data=data.login.decode())


async def smtp(context, at_once):
    def made():
        starts = None if at_once else context
        return SMTP(
            Post(),
            hostname="localhost",
            tls_context=starts,
            require_starttls=not at_once,
            authenticator=authenticate,
            auth_require_tls=not at_once,
        )

    server = await asyncio.get_running_loop().create_server(
        made, host="127.0.0.1", port=0, ssl=context if at_once else None
    )
    return server.sockets[0].getsockname()[1]


async def main():
    authority, stranger = Authority("An authority"), Authority("Another authority")
    (FOLDER / "ca.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    here = ["localhost", "127.0.0.1"]
    good = authority.context("good.pem", here)
    contexts = {
        "good": good,
        "elsewhere": authority.context("elsewhere.pem", ["shop.example"]),
        "expired": authority.context("expired.pem", here, -2 * DAY, -DAY),
        "stranger": stranger.context("stranger.pem", here),
    }
    ports = {f"https_{which}": https(context) for which, context in contexts.items()}
    for which, context in contexts.items():
        ports[f"tls_{which}"] = await smtp(context, True)
        ports[f"starttls_{which}"] = await smtp(context, False)
    told(**ports)
    await asyncio.Event().wait()


asyncio.run(main())
