//! What may become of a caller's words.

use crate::flaw::Flaw;
use crate::live::CheckId;
use crate::report::{Confidence, Severity};

pub const BY_ERROR: Flaw = Flaw {
    id: "sql-injection-by-error",
    check: CheckId::Injection.code(),
    title: "A quote breaks an SQL statement",
    severity: Severity::Critical,
    confidence: Confidence::High,
    why: "What a caller writes becomes part of the statement, so that everything the program may \
          read or change in the database is the caller's.",
    fix: "Pass values as parameters of a prepared statement; choose names of columns from a list of \
          your own.",
    owasp: "API8:2023",
    cwe: 89,
};

pub const BY_TRUTH: Flaw = Flaw {
    id: "sql-injection-by-truth",
    title: "A statement of the caller is carried out in SQL",
    ..BY_ERROR
};

pub const BY_DELAY: Flaw = Flaw {
    id: "sql-injection-by-delay",
    title: "The database waits when a caller tells it to",
    ..BY_ERROR
};

pub const OPERATORS: Flaw = Flaw {
    id: "query-operator-injection",
    title: "An operator of the database is taken in the place of a value",
    severity: Severity::High,
    why: "A caller who sends an object instead of a text changes the question: a password that is \
          not equal to nothing opens every account.",
    fix: "Check the type of every value before it goes into a query; refuse keys that begin with `$`.",
    cwe: 943,
    ..BY_ERROR
};

pub const COMMAND: Flaw = Flaw {
    id: "command-injection",
    title: "A command of the caller is run by the server's shell",
    why: "Whoever may call may do on the server what the program may do.",
    fix: "Start programs with a list of arguments and without a shell; choose from a list of your \
          own.",
    cwe: 78,
    ..BY_ERROR
};

pub const TEMPLATE: Flaw = Flaw {
    id: "template-injection",
    title: "What a caller writes is run as a template",
    why: "Templates reach the program's objects, and mostly its shell.",
    fix: "Pass a caller's words to a template as values, never as the template.",
    cwe: 1336,
    ..BY_ERROR
};

pub const TRAVERSAL: Flaw = Flaw {
    id: "path-traversal",
    title: "A path leads out of its folder",
    severity: Severity::High,
    why: "Every file that the program may read is served: sources, configuration, keys.",
    fix: "Choose files by an id of your own; else resolve the path and refuse what is not below its \
          folder.",
    cwe: 22,
    ..BY_ERROR
};

pub const LINES: Flaw = Flaw {
    id: "header-injection",
    title: "A line break of the caller ends a header",
    severity: Severity::Medium,
    why: "Whoever writes a link writes headers of the answer: cookies, redirects, a second answer for \
          a cache.",
    fix: "Refuse control characters in what goes into a header.",
    cwe: 113,
    ..BY_ERROR
};

pub const ENTITIES: Flaw = Flaw {
    id: "xml-external-entity",
    title: "External entities of XML are read",
    severity: Severity::High,
    why: "A document may name files and addresses, and gets their content from the server.",
    fix: "Switch document types and external entities off in the parser.",
    cwe: 611,
    ..BY_ERROR
};
