#!/usr/bin/env bash
# curl 7.88 (Debian 12): a header that is turned off is signed for AWS, and the server refuses the signature.
#
# `-H 'Expect:'` takes the header out of a request, as many programs do before a POST. With --aws-sigv4 curl sends none,
# but lists it under SignedHeaders and signs it as empty. AWS then answers SignatureDoesNotMatch, or IncompleteSignature:
# "'expect' is named as a SignedHeader, but it does not exist in the HTTP request" (curl issue 11664, fixed in 8.x).
# Expected: what is not sent is not signed. Whoever signs with libcurl turns no header off.
#
# Needs curl and python3; touches 127.0.0.1 only. Exits with 0 while it is so, with 1 once it is not.
set -euo pipefail
python3 - <<'PYTHON'
import http.server, subprocess, sys, threading
seen = []
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        seen.append(dict(self.headers.items()))
        self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
def signed(*more):
    subprocess.run(["curl", "--silent", "--noproxy", "*", "--aws-sigv4", "aws:amz:eu-central-1:elasticloadbalancing",
                    "--user", "AKID:SECRET", "--header", "Content-Type: text/plain", "--data", "x", *more,
                    f"http://127.0.0.1:{server.server_address[1]}/"], check=True)
    words = seen[-1]["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    print(" ".join(more) or "no header turned off", "- signed:", words, "- Expect was sent:", "Expect" in seen[-1])
    return words
print(subprocess.run(["curl", "--version"], capture_output=True, text=True).stdout.splitlines()[0])
plain, off = signed(), signed("--header", "Expect:")
sys.exit(0 if "expect" not in plain and "expect" in off and "Expect" not in seen[-1] else 1)
PYTHON
