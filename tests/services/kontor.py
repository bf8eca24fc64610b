# Kontor - the HR portal of one company. Django REST framework, SQLite, session cookies with a CSRF header.
#
# *** DELIBERATELY WEAK ***  Made to judge a scanner. Binds 127.0.0.1, keeps all in a temporary folder.
# kontor.py --port 0 --flaws none|all|a,b,c      what each flaw is: truth.json
import argparse
import datetime
import hashlib
import logging
import pathlib
import re
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import django
from django.conf import settings

KNOWN = ["payslip-read", "payslips-of", "contact-change", "bulk-delete", "approve-own", "audit-open", "department-edit", "me-salary",
         "leave-status", "directory-all", "timesheets-open", "ldap-sql", "doc-up", "checksum-shell", "preview-template", "import-entities",
         "debug-pages", "login-tells", "bare-headers", "env-left"]
asked = argparse.ArgumentParser()
asked.add_argument("--port", type=int, default=0)
asked.add_argument("--flaws", default="none")
asked = asked.parse_args()
W = set(KNOWN if asked.flaws == "all" else [] if asked.flaws == "none" else asked.flaws.split(","))
if W - set(KNOWN):
    sys.exit(f"unknown flaws: {W - set(KNOWN)}")
HERE = pathlib.Path(__file__).resolve().parent
HOME = pathlib.Path(tempfile.mkdtemp(prefix="kontor-"))
DOCUMENTS = HOME / "documents"
DOCUMENTS.mkdir()
bare = "bare-headers" in W

settings.configure(
    DEBUG="debug-pages" in W, SECRET_KEY=secrets.token_hex(32), ALLOWED_HOSTS=["127.0.0.1", "localhost"], ROOT_URLCONF="kontor_urls",
    INSTALLED_APPS=["rest_framework"], USE_TZ=True, APPEND_SLASH=False, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(HOME / "kontor.db"), "OPTIONS": {"timeout": 10, "transaction_mode": "IMMEDIATE", "init_command": "pragma journal_mode=wal; pragma synchronous=off;"}}},
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 100000}}},
    SESSION_ENGINE="django.contrib.sessions.backends.cache", SESSION_COOKIE_HTTPONLY=not bare, SESSION_COOKIE_SAMESITE=None if bare else "Lax",
    MIDDLEWARE=["kontor_urls.around", "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    REST_FRAMEWORK={"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"], "DEFAULT_PARSER_CLASSES": [],
                    "DEFAULT_AUTHENTICATION_CLASSES": [], "DEFAULT_PERMISSION_CLASSES": [], "UNAUTHENTICATED_USER": None,
                    "DEFAULT_METADATA_CLASS": None, "EXCEPTION_HANDLER": "kontor_urls.refused"})
sys.modules["kontor_urls"] = sys.modules["__main__"]
logging.disable(logging.CRITICAL)
django.setup()

from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: E402
from django.db import connection, connections, models  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.middleware.csrf import get_token, rotate_token  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.crypto import constant_time_compare  # noqa: E402
from jinja2 import Environment  # noqa: E402
from lxml import etree  # noqa: E402
from rest_framework import exceptions, serializers  # noqa: E402
from rest_framework.authentication import SessionAuthentication  # noqa: E402
from rest_framework.pagination import PageNumberPagination  # noqa: E402
from rest_framework.parsers import BaseParser, JSONParser  # noqa: E402
from rest_framework.permissions import BasePermission  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView, exception_handler  # noqa: E402
import waitress  # noqa: E402


# ------------------------------------------------------------------ models

class Department(models.Model):
    code = models.CharField(primary_key=True, max_length=30)
    name = models.CharField(max_length=60)
    floor = models.IntegerField(default=0)

    class Meta:
        app_label = "kontor"


class Employee(models.Model):
    username = models.CharField(max_length=60, unique=True)
    password_hash = models.CharField(max_length=200)
    full_name = models.CharField(max_length=80)
    work_email = models.CharField(max_length=120)
    title = models.CharField(max_length=60)
    department = models.ForeignKey(Department, models.CASCADE)
    role = models.CharField(max_length=10, default="employee", choices=[(r, r) for r in ("employee", "manager", "hr")])
    phone = models.CharField(max_length=30, blank=True)
    address = models.CharField(max_length=200, blank=True, null=True)
    iban = models.CharField(max_length=34, blank=True)
    national_id = models.CharField(max_length=20)
    salary = models.DecimalField(max_digits=10, decimal_places=2)
    vacation_days = models.IntegerField(default=28)
    emergency_name = models.CharField(max_length=80, default="")
    emergency_phone = models.CharField(max_length=30, default="")

    class Meta:
        app_label = "kontor"

    is_active = is_authenticated = True


class Payslip(models.Model):
    employee = models.ForeignKey(Employee, models.CASCADE)
    period = models.CharField(max_length=7)
    gross = models.DecimalField(max_digits=10, decimal_places=2)
    net = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        app_label = "kontor"


class Leave(models.Model):
    employee = models.ForeignKey(Employee, models.CASCADE)
    kind = models.CharField(max_length=10, choices=[(k, k) for k in ("holiday", "unpaid", "parental")])
    start = models.DateField()
    end = models.DateField()
    note = models.CharField(max_length=300, blank=True, null=True)
    status = models.CharField(max_length=10, default="pending", choices=[(s, s) for s in ("pending", "approved", "rejected", "withdrawn")])
    decided_by = models.CharField(max_length=60, null=True, default=None)

    class Meta:
        app_label = "kontor"


class Timesheet(models.Model):
    employee = models.ForeignKey(Employee, models.CASCADE)
    week = models.IntegerField()
    hours = models.DecimalField(max_digits=5, decimal_places=2)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        app_label = "kontor"


class Notice(models.Model):
    title = models.CharField(max_length=80)
    text = models.CharField(max_length=1000)
    author = models.ForeignKey(Employee, models.CASCADE)

    class Meta:
        app_label = "kontor"


class AuditEntry(models.Model):
    at = models.DateTimeField(auto_now_add=True)
    who = models.CharField(max_length=60)
    what = models.CharField(max_length=120)

    class Meta:
        app_label = "kontor"


class Hasher(PBKDF2PasswordHasher):
    iterations = 5000  # so that tests stay quick


hasher = Hasher()
NOBODY = hasher.encode(secrets.token_hex(8), hasher.salt())


def seed():
    with connection.schema_editor() as editor:
        for m in (Department, Employee, Payslip, Leave, Timesheet, Notice, AuditEntry):
            editor.create_model(m)
    for i, (code, name) in enumerate((("engineering", "Engineering"), ("sales", "Sales"), ("people", "People and Culture"))):
        Department.objects.create(code=code, name=name, floor=i + 1)

    def person(username, name, title, department, password=None, role="employee", salary=4200):
        e = Employee.objects.create(username=username, password_hash=hasher.encode(password or secrets.token_hex(12), hasher.salt()), full_name=name, title=title,
                                    work_email=f"{username}@kontor.example", department_id=department, role=role, phone=f"-{10 + Employee.objects.count()}", address="Am Hafen 3, Kiel",
                                    iban="DE" + str(secrets.randbelow(10**18)).zfill(20), national_id="SV" + str(secrets.randbelow(10**8)).zfill(10), salary=salary, emergency_name="Kai", emergency_phone="0171 555")
        for m in range(1, 10):
            Payslip.objects.create(employee=e, period=f"2026-{m:02}", gross=salary, net=round(salary * 0.64, 2))
        for w in range(36, 41):
            Timesheet.objects.create(employee=e, week=w, hours="38.50", note="as planned")
        Leave.objects.create(employee=e, kind="holiday", start="2026-12-21", end="2026-12-23", note="family")
        return e
    person("p.hollm", "Petra Hollm", "Head of People", "people", "Stapler-And-Folder-3", "hr", 6900)
    person("r.engel", "Rita Engel", "Engineering manager", "engineering", role="manager", salary=6400)
    person("s.kamp", "Sven Kamp", "Sales manager", "sales", role="manager", salary=6300)
    author = person("a.reuter", "Ann Reuter", "Engineer", "engineering", "Torque-Wrench-88")
    person("j.okafor", "Jude Okafor", "Account executive", "sales", "Quarter&Close-21")
    for i in range(26):
        person(f"staff{i:02}", f"{('Anna', 'Bert', 'Carla', 'Deniz')[i % 4]} {('Moll', 'Nagel', 'Opitz', 'Pahl', 'Quast')[i % 5]}", ("Fitter", "Clerk", "Planner")[i % 3], ("engineering", "sales")[i % 2])
    for t in ("Canteen closed on Friday", "New badge readers", "Summer party"):
        Notice.objects.create(title=t, text=t + ". Please tell your teams.", author=author)
    for i in range(130):
        AuditEntry.objects.create(who=("p.hollm", "system")[i % 2], what=f"salary band {i} reviewed")
    (DOCUMENTS / "handbook.txt").write_text("Kontor handbook\n\nBe on time. Be kind. Lock your screen.\n")
    (DOCUMENTS / "travel.txt").write_text("Second class, unless it is cheaper.\n")


# ------------------------------------------------------------------ around every call

def around(get_response):
    def middleware(request):
        if int(request.META.get("CONTENT_LENGTH") or 0) > 64 * 1024:
            answer = JsonResponse({"detail": "Too large."}, status=413)
        else:
            answer = get_response(request)
        if not bare:
            for k, v in (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "same-origin")):
                answer.headers.setdefault(k, v)
            if "debug-pages" not in W or answer.status_code < 400:  # Django's page brings a style of its own
                answer.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        return answer
    return middleware


class Session(SessionAuthentication):
    def authenticate(self, request):
        who = Employee.objects.filter(pk=request._request.session.get("employee")).first()
        if not who:
            return None
        self.enforce_csrf(request)
        return who, None

    def authenticate_header(self, request):
        return "Session"  # 401 rather than 403


class LoggedIn(BasePermission):
    def has_permission(self, request, view):
        return request.user is not None


class Hr(LoggedIn):
    flaw = ""

    def has_permission(self, request, view):
        return request.user is not None and (request.user.role == "hr" or self.flaw in W)


class Auditors(Hr):
    flaw = "audit-open"


class Pages(PageNumberPagination):
    page_size, page_size_query_param, max_page_size = 20, "page_size", 100


def refused(error, context):
    answer = exception_handler(error, context)
    if isinstance(error, exceptions.ParseError):
        answer.data = {"detail": "Malformed request."}
    if isinstance(error, exceptions.PermissionDenied) and not str(error.detail).startswith("CSRF"):
        answer.data = {"detail": "Not allowed."}
    return answer


def missing():
    raise exceptions.NotFound()


def only(objects, **how):
    return objects.filter(**how).first() or missing()


class Json(JSONParser):
    def parse(self, *given, **more):
        try:
            return super().parse(*given, **more)
        except RecursionError:
            raise exceptions.ParseError() from None


class View(APIView):
    authentication_classes, permission_classes, parser_classes = [Session], [LoggedIn], [Json]

    def page(self, rows, serializer):
        pages = Pages()
        return pages.get_paginated_response(serializer(pages.paginate_queryset(rows, self.request, self), many=True).data)

    def valid(self, serializer, *given, **more):
        s = serializer(*given, data=self.request.data, **more)
        s.is_valid(raise_exception=True)
        return s


def fields_of(**kinds):
    return type("Fields", (serializers.Serializer,), kinds)


TEXT = serializers.CharField


# ------------------------------------------------------------------ serializers

CARD = ["id", "full_name", "work_email", "title", "department", "phone"]


class CardSerializer(serializers.ModelSerializer):
    class Meta:
        model = Employee
        fields = "__all__" if "directory-all" in W else CARD


class OneCardSerializer(serializers.ModelSerializer):
    class Meta:
        model = Employee
        fields = CARD


class MeSerializer(serializers.ModelSerializer):
    class Meta:
        model = Employee
        fields = [*CARD, "username", "role", "salary", "vacation_days", "address", "iban"]
        read_only_fields = ["full_name", "work_email", "title", "department", "username"] + ([] if "me-salary" in W else ["role", "salary", "vacation_days"])


class PayslipSerializer(serializers.ModelSerializer):
    class Meta:
        model = Payslip
        fields = "__all__"


class LeaveSerializer(serializers.ModelSerializer):
    class Meta:
        model = Leave
        fields = "__all__"
        read_only_fields = ["employee", "status", "decided_by"]


class NewLeaveSerializer(LeaveSerializer):
    class Meta(LeaveSerializer.Meta):
        read_only_fields = [] if "leave-status" in W else ["employee", "status", "decided_by"]
        extra_kwargs = {"employee": {"required": False}}


class TimesheetSerializer(serializers.ModelSerializer):
    class Meta:
        model = Timesheet
        fields = "__all__"


class DepartmentSerializer(serializers.ModelSerializer):
    floor = serializers.IntegerField(min_value=0, max_value=40, required=False)

    class Meta:
        model = Department
        fields = ["code", "name", "floor"]
        read_only_fields = ["code"]


class NoticeSerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.full_name", read_only=True)

    class Meta:
        model = Notice
        fields = ["id", "title", "text", "author"]


class AuditSerializer(serializers.ModelSerializer):
    class Meta:
        model = AuditEntry
        fields = "__all__"


# ------------------------------------------------------------------ sessions

tries, tries_lock = {}, threading.Lock()


class Open(View):
    authentication_classes = permission_classes = ()


class Health(Open):
    def get(self, request):
        return Response({"status": "ok"})


class Csrf(Open):
    def get(self, request):
        return Response({"csrfToken": get_token(request._request)})


class Login(Open):
    def post(self, request):
        b = self.valid(fields_of(username=TEXT(max_length=60), password=TEXT(max_length=128, trim_whitespace=False))).validated_data
        name, now = b["username"].lower(), time.time()
        with tries_lock:
            tries[name] = recent = [t for t in tries.get(name, []) if t > now - 30]
        if len(recent) >= 10:
            return Response({"detail": "Too many tries."}, 429, headers={"Retry-After": "30"})
        who = Employee.objects.filter(username=name).first()
        coded = hasher.encode(b["password"], (who.password_hash if who else NOBODY).split("$")[2])
        if not who or not constant_time_compare(coded, who.password_hash):
            recent.append(now)
            if "login-tells" in W:
                return Response({"detail": "The password is wrong." if who else "There is no such user."}, 400)
            return Response({"detail": "Wrong user name or password."}, 400)
        plain = request._request
        plain.session.cycle_key()
        plain.session["employee"] = who.pk
        rotate_token(plain)
        return Response({"user": {"id": who.pk, "username": who.username}, "csrfToken": get_token(plain)})


class Logout(View):
    def post(self, request):
        request._request.session.flush()
        return Response(status=204)


class Me(View):
    def get(self, request):
        return Response(MeSerializer(request.user).data)

    def patch(self, request):
        s = self.valid(MeSerializer, request.user, partial=True)
        s.save()
        return Response(s.data)


# ------------------------------------------------------------------ employees, payslips

class Employees(View):
    def get(self, request):
        rows = Employee.objects.order_by("id")
        if request.query_params.get("department"):
            rows = rows.filter(department_id=request.query_params["department"][:30])
        if request.query_params.get("q"):
            rows = rows.filter(full_name__icontains=request.query_params["q"][:60])
        return self.page(rows, CardSerializer)


class OneEmployee(View):
    def get(self, request, pk):
        return Response(OneCardSerializer(only(Employee.objects, pk=pk)).data)


class Contact(View):
    def about(self, request, pk, flaw=""):
        if pk != request.user.pk and request.user.role != "hr" and (not flaw or flaw not in W):
            missing()
        return only(Employee.objects, pk=pk)

    def get(self, request, pk):
        e = self.about(request, pk)
        return Response({"name": e.emergency_name, "phone": e.emergency_phone})

    def put(self, request, pk):
        e = self.about(request, pk, "contact-change")
        b = self.valid(fields_of(name=TEXT(max_length=80), phone=TEXT(max_length=30))).validated_data
        Employee.objects.filter(pk=e.pk).update(emergency_name=b["name"], emergency_phone=b["phone"])
        return Response(b)


class Payslips(View):
    def get(self, request):
        wish = request.query_params.get("employee")
        whose = request.user.pk
        if wish and re.fullmatch(r"[0-9]{1,9}", wish) and (request.user.role == "hr" or "payslips-of" in W):
            whose = int(wish)
        return self.page(Payslip.objects.filter(employee_id=whose).order_by("id"), PayslipSerializer)


class OnePayslip(View):
    def get(self, request, pk):
        p = only(Payslip.objects, pk=pk)
        if p.employee_id != request.user.pk and request.user.role != "hr" and "payslip-read" not in W:
            missing()
        return Response(PayslipSerializer(p).data)


# ------------------------------------------------------------------ leave

def dates(s):
    given = {**({"start": s.instance.start, "end": s.instance.end} if s.instance else {}), **s.validated_data}
    if given["end"] < given["start"]:
        raise exceptions.ValidationError({"end": ["Before the start."]})


class Leaves(View):
    def get(self, request):
        return self.page(Leave.objects.filter(employee=request.user).order_by("id"), LeaveSerializer)

    def post(self, request):
        s = self.valid(NewLeaveSerializer)
        dates(s)
        s.save(**({} if s.validated_data.get("employee") else {"employee": request.user}))
        return Response(s.data, 201)


class OneLeave(View):
    def mine(self, pk):
        return only(Leave.objects, pk=pk, employee=self.request.user)

    def get(self, request, pk):
        return Response(LeaveSerializer(self.mine(pk)).data)

    def patch(self, request, pk):
        found = self.mine(pk)
        if found.status != "pending":
            return Response({"detail": "It is decided."}, 409)
        s = self.valid(LeaveSerializer, found, partial=True)
        dates(s)
        s.save()
        return Response(s.data)

    def delete(self, request, pk):
        found = self.mine(pk)
        found.status = "withdrawn"
        found.save()
        return Response(LeaveSerializer(found).data)


class BulkDelete(View):
    def post(self, request):
        ids = self.valid(fields_of(ids=serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=10**12), min_length=1, max_length=50))).validated_data["ids"]
        rows = Leave.objects.filter(pk__in=ids, status="pending")
        if "bulk-delete" in W:
            only(Leave.objects, pk=ids[0], employee=request.user)
        else:
            rows = rows.filter(employee=request.user)
        found = set(rows.values_list("pk", flat=True))
        Leave.objects.filter(pk__in=found).delete()
        return Response({"deleted": len(found), "not_found": [i for i in ids if i not in found]})


class Approve(View):
    def post(self, request, pk):
        who = request.user
        found = only(Leave.objects.select_related("employee"), pk=pk)
        boss = who.role == "manager" and who.department_id == found.employee.department_id and who.pk != found.employee_id
        if not (boss or who.role == "hr" or "approve-own" in W):
            raise exceptions.PermissionDenied()
        if found.status != "pending":
            return Response({"detail": "It is decided."}, 409)
        found.status, found.decided_by = "approved", who.username
        found.save()
        return Response(LeaveSerializer(found).data)


# ------------------------------------------------------------------ departments, notices, timesheets

class Departments(View):
    def get(self, request):
        return Response(DepartmentSerializer(Department.objects.order_by("code"), many=True).data)


class OneDepartment(View):
    def get(self, request, code):
        return Response(DepartmentSerializer(only(Department.objects, code=code)).data)

    def put(self, request, code):
        if request.user.role != "hr" and "department-edit" not in W:
            raise exceptions.PermissionDenied()
        s = self.valid(DepartmentSerializer, only(Department.objects, code=code))
        s.save()
        return Response(s.data)


class Notices(View):
    def get(self, request):
        return self.page(Notice.objects.select_related("author").order_by("-id"), NoticeSerializer)

    def post(self, request):
        s = self.valid(NoticeSerializer)
        s.save(author=request.user)
        return Response(s.data, 201)


def week_of(request):
    week = request.query_params.get("week")
    if week is None or week == "":
        return {}
    if "debug-pages" not in W and not re.fullmatch(r"[0-9]{1,2}", week):
        raise exceptions.ValidationError({"week": ["A number, please."]})
    return {"week": int(week)}


class Timesheets(View):
    def get(self, request):
        return self.page(Timesheet.objects.filter(employee=request.user, **week_of(request)).order_by("id"), TimesheetSerializer)


class XmlParser(BaseParser):
    media_type = "application/xml"

    def parse(self, stream, media_type=None, parser_context=None):
        raw = stream.read()
        try:
            if "import-entities" in W:
                return etree.fromstring(raw, etree.XMLParser(resolve_entities=True, load_dtd=True))
            tree = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True))
        except (etree.XMLSyntaxError, ValueError):
            raise exceptions.ParseError() from None
        if tree.getroottree().docinfo.doctype:
            raise exceptions.ParseError()
        return tree


class TextXmlParser(XmlParser):
    media_type = "text/xml"


class ImportTimesheets(View):
    parser_classes = [XmlParser, TextXmlParser]

    def post(self, request):
        tree = request.data
        if not isinstance(tree, etree._Element):
            raise exceptions.ParseError()
        entries = []
        for entry in tree.findall("entry")[:60]:
            entries.append({"week": str(entry.get("week")), "hours": (entry.findtext("hours") or "").strip(), "note": "".join(entry.find("note").itertext()) if entry.find("note") is not None else ""})
        for e in entries:
            if not re.fullmatch(r"[0-9]{1,2}", e["week"]) or not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", e["hours"]) or "import-entities" not in W and len(e["note"]) > 300:
                raise exceptions.ValidationError({"entries": ["week, hours or note is wrong."]})
        for e in entries:
            Timesheet.objects.create(employee=request.user, week=int(e["week"]), hours=e["hours"], note=e["note"][:300])
        return Response({"imported": len(entries), "entries": [{**e, "week": int(e["week"])} for e in entries]}, 201)


class ExportTimesheets(View):
    if "timesheets-open" in W:
        permission_classes = ()

    def get(self, request):
        rows = Timesheet.objects.select_related("employee").order_by("id").filter(**week_of(request))
        if "timesheets-open" not in W and request.user.role != "hr":
            rows = rows.filter(employee=request.user)
        cells = ([t.employee.full_name, t.week, t.hours, t.note] for t in rows[:2000])
        lines = [",".join('"' + re.sub(r"^[=+\-@\t\r]", r"'\g<0>", str(c)).replace('"', '""') + '"' for c in row) for row in cells]
        return HttpResponse("\r\n".join(["employee,week,hours,note", *lines]), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": 'attachment; filename="hours.csv"'})


# ------------------------------------------------------------------ directory, documents, reports

ATTRIBUTES = {"cn": "full_name", "mail": "work_email", "title": "title", "department": "department_id"}


def ldap(text):
    """The conditions of a filter: how they are joined, and pairs of column and value."""
    found = re.fullmatch(r"\(([&|])((?:\(\w+=[^()]*\))+)\)", text)
    joined, parts = (" and " if found[1] == "&" else " or ", re.findall(r"\((\w+)=([^()]*)\)", found[2])) if found else (" and ", re.findall(r"^\((\w+)=(.*)\)$", text))
    parts = parts or [("cn", f"*{text}*")]
    if any(a not in ATTRIBUTES for a, _ in parts):
        raise exceptions.ValidationError({"filter": ["No such attribute."]})
    return joined, [(ATTRIBUTES[a], v) for a, v in parts]


class Directory(View):
    def get(self, request):
        text = request.query_params.get("filter", "")
        if not 0 < len(text) <= 200 or "\0" in text:
            raise exceptions.ValidationError({"filter": ["1 to 200 characters."]})
        joined, parts = ldap(text)
        start = "select full_name cn, work_email mail, title, department_id department from kontor_employee where "
        with connection.cursor() as cursor:
            if "ldap-sql" in W:
                try:
                    cursor.execute(start + "(" + joined.join(f"{c} like '{v.replace('*', '%')}'" for c, v in parts) + ") order by id limit 50")
                    rows, names = cursor.fetchall(), [d[0] for d in cursor.description]
                except (sqlite3.Error, sqlite3.Warning, django.db.Error) as e:
                    return Response({"detail": f"directory backend: sqlite3.{type(e.__cause__ or e).__name__}: {e}"}, 500)
            else:
                escaped = [re.sub(r"([%_\\])", r"\\\1", v).replace("*", "%") for _, v in parts]
                cursor.execute(start + "(" + joined.join(f"{c} like %s escape '\\'" for c, _ in parts) + ") order by id limit 50", escaped)
                rows, names = cursor.fetchall(), [d[0] for d in cursor.description]
        return Response([dict(zip(names, r)) for r in rows])


class Documents(View):
    def get(self, request):
        return Response([{"name": p.name, "size": p.stat().st_size} for p in sorted(DOCUMENTS.iterdir())])


def a_document(name):
    return name in [p.name for p in DOCUMENTS.iterdir()] or missing()


class Download(View):
    def get(self, request):
        name = request.query_params.get("name", "")
        if "doc-up" not in W:
            a_document(name)
        try:
            data = (DOCUMENTS / name).read_bytes()
        except (OSError, ValueError):
            missing()
        return HttpResponse(data, content_type="text/plain; charset=utf-8")


class Checksum(View):
    def post(self, request):
        b = self.valid(fields_of(name=TEXT(max_length=120), algorithm=TEXT(max_length=120, default="sha256"))).validated_data
        if "checksum-shell" in W:
            try:
                ran = subprocess.run(f"{b['algorithm']}sum {b['name']}", shell=True, cwd=DOCUMENTS, capture_output=True, timeout=15, stdin=subprocess.DEVNULL)
            except subprocess.TimeoutExpired:
                return Response({"detail": "It took too long."}, 503)
            return Response({"output": ran.stdout.decode("utf-8", "replace")[:4000].strip()})
        if b["algorithm"] not in ("md5", "sha1", "sha256"):
            raise exceptions.ValidationError({"algorithm": ["md5, sha1 or sha256."]})
        a_document(b["name"])
        return Response({"output": f"{hashlib.new(b['algorithm'], (DOCUMENTS / b['name']).read_bytes()).hexdigest()}  {b['name']}"})


class Preview(View):
    def post(self, request):
        template = self.valid(fields_of(template=TEXT(max_length=2000))).validated_data["template"]
        e = request.user
        known = {"full_name": e.full_name, "title": e.title, "department": e.department_id}
        if "preview-template" in W:
            try:
                return Response({"text": Environment().from_string(template).render(employee=known)[:20000]})
            except Exception:
                return Response({"detail": "The template is broken."}, 400)
        return Response({"text": re.sub(r"\{\{ ?employee\.(full_name|title|department) ?\}\}", lambda m: known[m[1]], template)})


class Audit(View):
    permission_classes = [Auditors]

    def get(self, request):
        return self.page(AuditEntry.objects.order_by("-id"), AuditSerializer)


# ------------------------------------------------------------------ for everybody

JOBS = [{"id": 1, "title": "Welder"}, {"id": 2, "title": "Payroll clerk"}]


class Jobs(Open):
    def get(self, request):
        return Response(JOBS)


class Apply(Open):
    def post(self, request, pk):
        if pk not in [j["id"] for j in JOBS]:
            missing()
        self.valid(fields_of(name=TEXT(max_length=80), email=TEXT(max_length=120), message=TEXT(max_length=2000, required=False)))
        return Response({"received": True}, 202)  # goes to a mailbox, which is not part of this


def described(request):
    return HttpResponse((HERE / "kontor.openapi.yaml").read_text(), content_type="application/yaml")


def not_found(request, exception=None):
    return JsonResponse({"detail": "Not found."}, status=404)


def broken(request):
    return JsonResponse({"detail": "Something went wrong."}, status=500)


def bad(request, exception=None):
    return JsonResponse({"detail": "Bad request."}, status=400)


handler400, handler404, handler500 = bad, not_found, broken
urlpatterns = [path("openapi.yaml", described)] + [path("api/" + p, v.as_view()) for p, v in (
    ("health/", Health), ("auth/csrf/", Csrf), ("auth/login/", Login), ("auth/logout/", Logout), ("me/", Me), ("employees/", Employees),
    ("employees/<int:pk>/", OneEmployee), ("employees/<int:pk>/emergency-contact/", Contact), ("payslips/", Payslips), ("payslips/<int:pk>/", OnePayslip),
    ("leave-requests/", Leaves), ("leave-requests/bulk-delete/", BulkDelete), ("leave-requests/<int:pk>/", OneLeave), ("leave-requests/<int:pk>/approve/", Approve),
    ("departments/", Departments), ("departments/<str:code>/", OneDepartment), ("notices/", Notices), ("timesheets/", Timesheets),
    ("timesheets/import/", ImportTimesheets), ("timesheets/export/", ExportTimesheets), ("directory/search/", Directory), ("documents/", Documents),
    ("documents/download/", Download), ("documents/checksum/", Checksum), ("reports/preview/", Preview), ("admin/audit-log/", Audit), ("jobs/", Jobs), ("jobs/<int:pk>/apply/", Apply))]
if "env-left" in W:
    left = "DJANGO_SETTINGS_MODULE=kontor.settings.production\nSECRET_KEY=9f1b-kontor-hr-2026\nDATABASE_URL=postgres://kontor:Lohn-und-Brot@db.kontor.example/kontor\n"
    urlpatterns.append(path(".env", lambda request: HttpResponse(left, content_type="text/plain")))


def main():
    from django.core.wsgi import get_wsgi_application
    seed()
    connections.close_all()
    server = waitress.create_server(get_wsgi_application(), host="127.0.0.1", port=asked.port, threads=6, ident=None, max_request_body_size=1 << 20, clear_untrusted_proxy_headers=True)

    def stop(*_):
        raise SystemExit(0)
    signal.signal(signal.SIGTERM, stop)
    print(f"listening on http://127.0.0.1:{server.effective_port}", flush=True)
    try:
        server.run()
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
        import os
        os._exit(0)


if __name__ == "__main__":
    main()
