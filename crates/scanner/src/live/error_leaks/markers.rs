//! What the inside of a server looks like when it shows in an answer.

/// What kind of thing was leaked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeakKind {
    StackTrace,
    Statement,
    Path,
    DebugPage,
    Connection,
}

impl LeakKind {
    /// The kind with its article, to follow "holds".
    pub fn name(self) -> &'static str {
        match self {
            Self::StackTrace => "a stack trace",
            Self::Statement => "a database's words",
            Self::Path => "a path of the server's file system",
            Self::DebugPage => "a framework's debug page",
            Self::Connection => "a connection string",
        }
    }
}

/// A leak and the words that gave it away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    pub kind: LeakKind,
    pub marker: String,
}

/// Words that no answer meant for a caller holds, by what they come from.
const MARKERS: [(LeakKind, &[&str]); 4] = [
    (
        LeakKind::StackTrace,
        &[
            "Traceback (most recent call last)",
            "Exception in thread \"",
            "java.lang.",
            "org.springframework.",
            "javax.servlet.",
            "System.NullReferenceException",
            "System.Exception",
            "   at System.",
            "goroutine 1 [",
            "thread 'main' panicked at",
            "panicked at src/",
            "RUST_BACKTRACE",
            "PHP Fatal error",
            "PHP Warning:",
            "Fatal error: Uncaught",
            "ActionController::",
            "ActiveRecord::",
            "NoMethodError",
            "node_modules/",
            "at Object.<anonymous>",
            "at process._tickCallback",
            "at Module._compile",
            ".java:",
            ".cs:line ",
            "(node:internal/",
            "at node:internal/",
            "goroutine 1 [running]",
            "runtime error: ",
            "runtime/debug.Stack",
            "django.core.exceptions.",
            "werkzeug.exceptions.",
            "fastapi.exceptions.",
            "pydantic_core._pydantic_core.",
            "starlette.routing",
            "Microsoft.AspNetCore.",
            "System.InvalidOperationException",
            "System.FormatException",
            "NullPointerException",
            "kotlin.Unit",
            "undefined method `",
            "undefined local variable or method",
            "actionpack-",
            "Stack trace:\n#0 ",
            "Stack trace:\\n#0 ",
        ],
    ),
    (
        LeakKind::Statement,
        &[
            "SQLSTATE[",
            "You have an error in your SQL syntax",
            "ERROR: syntax error at or near",
            "PSQLException",
            "psycopg2.",
            "sqlite3.OperationalError",
            "SQLITE_ERROR",
            "SQLite error",
            "Unclosed quotation mark after the character string",
            "Microsoft OLE DB Provider",
            "com.mysql.jdbc",
            "MySqlException",
            "SequelizeDatabaseError",
            "sqlalchemy.exc.",
            "PG::SyntaxError",
            "ORA-00",
            "ORA-01",
            "MongoServerError",
            "CastError: Cast to ObjectId",
            "near \"'\": syntax error",
            "unrecognized token: \"",
            "org.postgresql.util.",
            "java.sql.SQL",
            "java.sql.SQLException",
            "System.Data.SqlClient.",
            "Microsoft.Data.SqlClient.",
            "mysql_fetch_",
            "mysqli_",
            "pg_query():",
            "asyncpg.exceptions.",
            "pymysql.err.",
            "MySQLdb.",
            "QueryFailedError",
            "PrismaClientKnownRequestError",
            "ActiveRecord::StatementInvalid",
            "Illuminate\\Database\\QueryException",
            "pq: syntax error",
            "redis.exceptions.",
        ],
    ),
    (
        LeakKind::DebugPage,
        &[
            "Whitelabel Error Page",
            "Werkzeug Debugger",
            "<title>Werkzeug",
            "You're seeing this error because you have <code>DEBUG = True</code>",
            "DisallowedHost at /",
            "Whoops\\Exception",
            "Laravel\\",
            "Illuminate\\",
            "Symfony\\Component\\",
            "Server Error in '/' Application",
            "Apache Tomcat/",
        ],
    ),
    (
        LeakKind::Connection,
        &[
            "postgres://",
            "postgresql://",
            "mysql://",
            "mongodb://",
            "mongodb+srv://",
            "redis://",
            "jdbc:",
            "amqp://",
        ],
    ),
];

/// Directories that hold programs or their data on servers.
const ROOTS: [&str; 25] = [
    "/home/",
    "/usr/",
    "/var/",
    "/etc/",
    "/opt/",
    "/srv/",
    "/root/",
    "/tmp/",
    "/app/",
    "/build/",
    "/workspace/",
    "/Users/",
    "/private/",
    "/proc/",
    "/code/",
    "/data/",
    "/mnt/",
    "/www/",
    "/src/",
    "/repo/",
    "/project/",
    "/projects/",
    "/workspaces/",
    "/layers/",
    "/function/",
];
/// Ends of source and program files; a path of a URL seldom has one.
const SOURCES: [&str; 18] = [
    ".py", ".rb", ".php", ".js", ".mjs", ".ts", ".java", ".go", ".rs", ".cs", ".ex", ".pl", ".jar",
    ".so", ".dll", ".sqlite", ".db", ".conf",
];

/// The leaks in a text, one of each kind at most. What is in one of the `known` texts (the request
/// itself, the ordinary answer) is no leak.
pub fn leaks(text: &str, known: &[&str]) -> Vec<Leak> {
    let new = |marker: &str| !known.iter().any(|known| known.contains(marker));
    let mut found = Vec::new();
    for (kind, markers) in MARKERS {
        let marker = markers.iter().find(|marker| text.contains(**marker) && new(marker));
        found.extend(marker.map(|marker| Leak { kind, marker: format!("`{marker}`") }));
    }
    if !found.iter().any(|leak| leak.kind == LeakKind::Statement) {
        let statement = statement(text).filter(|one| new(one));
        let leak = |one| Leak { kind: LeakKind::Statement, marker: format!("`{one}`") };
        found.extend(statement.map(leak));
    }
    if !found.iter().any(|leak| leak.kind == LeakKind::StackTrace) {
        let trace = trace(text).filter(|one| new(one));
        let leak = |one| Leak { kind: LeakKind::StackTrace, marker: format!("`{one}`") };
        found.extend(trace.map(leak));
    }
    let path = paths(text).find(|path| new(path));
    found.extend(path.map(|path| Leak { kind: LeakKind::Path, marker: format!("`{path}`") }));
    found
}

/// The first words of an SQL statement in capitals, with its second keyword after it.
fn statement(text: &str) -> Option<String> {
    let pairs = [
        ("SELECT ", " FROM "),
        ("INSERT INTO ", " VALUES"),
        ("INSERT INTO ", "SELECT "),
        ("UPDATE ", " SET "),
        ("DELETE FROM ", " WHERE "),
    ];
    pairs.iter().find_map(|(first, second)| {
        let (_, rest) = text.split_once(first)?;
        let near: String = rest.chars().take(300).collect();
        let shown = near.split_whitespace().next().unwrap_or_default();
        near.contains(second).then(|| format!("{first}{shown}"))
    })
}

/// The frame of a stack trace by its form, whatever the language: `at name (file:1:2)` and
/// `File "name", line 3`, also within JSON.
fn trace(text: &str) -> Option<String> {
    let digits = |text: &str| text.starts_with(|one: char| one.is_ascii_digit());
    let node = text.match_indices("    at ").find_map(|(start, _)| {
        let line: String = text
            .get(start + 4..)?
            .chars()
            .take(200)
            .take_while(|one| !"\n\\".contains(*one))
            .collect();
        let mut numbers = line.trim_end_matches(')').rsplitn(3, ':');
        let placed = numbers.next().is_some_and(digits) && numbers.next().is_some_and(digits);
        placed.then_some(line)
    });
    let python = || {
        text.match_indices("File ").find_map(|(start, _)| {
            let line: String = text.get(start..)?.chars().take(200).collect();
            let (file, rest) = line.split_once(", line ")?;
            let quoted = file.trim_end_matches(['"', '\\']).len() < file.len();
            (quoted && digits(rest)).then(|| file.replace('\\', ""))
        })
    };
    let ruby = || {
        text.match_indices(".rb:").find_map(|(start, _)| {
            let rest = text.get(start + 4..)?;
            let (line, after) = rest.split_once(':')?;
            (digits(line) && line.len() < 6 && after.starts_with("in ")).then(|| ".rb:".to_owned())
        })
    };
    node.or_else(python).or_else(ruby).or_else(|| exception(text))
}

/// What runtimes call their own failures; no service calls a caller's fault so.
const EXCEPTIONS: [&str; 22] = [
    "ZeroDivisionError",
    "ValueError",
    "KeyError",
    "IndexError",
    "AttributeError",
    "TypeError",
    "NameError",
    "ReferenceError",
    "RangeError",
    "UnicodeDecodeError",
    "OverflowError",
    "RecursionError",
    "AssertionError",
    "FileNotFoundError",
    "IntegrityError",
    "ProgrammingError",
    "ArithmeticException",
    "NumberFormatException",
    "IllegalArgumentException",
    "IllegalStateException",
    "ClassCastException",
    "IndexOutOfBoundsException",
];

/// `ValueError: …` or `ValueError('…')`.
fn exception(text: &str) -> Option<String> {
    EXCEPTIONS.iter().find_map(|name| {
        let said = text.match_indices(name).any(|(at, _)| {
            let after = text.get(at + name.len()..).unwrap_or_default();
            after.starts_with(": ") || after.starts_with(['(', '\n']) || after.starts_with("\\n")
        });
        said.then(|| (*name).to_owned())
    })
}

/// Paths of a file system: under a known directory and ending in a source file, or with a drive.
fn paths(text: &str) -> impl Iterator<Item = String> {
    let is_path = |one: char| one.is_ascii_alphanumeric() || "/\\._-+@".contains(one);
    let words = text.split(move |one: char| !is_path(one) && one != ':');
    words.filter_map(|word| {
        let unix = ROOTS.iter().any(|root| word.starts_with(root));
        let path = word.split(':').next().unwrap_or_default();
        let source = SOURCES.iter().any(|end| path.ends_with(end));
        let drive = word.get(1..3) == Some(":\\") && word.matches('\\').count() > 1;
        match (unix && source, drive) {
            (true, _) => Some(path.to_owned()),
            (_, true) => Some(word.to_owned()),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<LeakKind> {
        leaks(text, &[]).into_iter().map(|leak| leak.kind).collect()
    }

    #[test]
    fn real_leaks_are_recognised() {
        let cases = [
            ("Error: x\\n    at handle (server.js:12:7)\\n", LeakKind::StackTrace),
            ("File \"views.py\", line 3, in get", LeakKind::StackTrace),
            ("app/models/user.rb:17:in `find'", LeakKind::StackTrace),
            ("Traceback (most recent call last):\n File \"x\"", LeakKind::StackTrace),
            ("at com.acme.Orders.get(Orders.java:17)", LeakKind::StackTrace),
            ("ERROR: syntax error at or near \"'\"", LeakKind::Statement),
            ("failed: SELECT id, name FROM orders WHERE id = ''", LeakKind::Statement),
            ("INSERT INTO parcels SELECT * FROM staging.parcels", LeakKind::Statement),
            ("in /srv/parcel/src/store.rs:64:9", LeakKind::Path),
            ("\"file\":\"/app/routes/orders.js\"", LeakKind::Path),
            ("C:\\inetpub\\site\\Global.asax", LeakKind::Path),
            ("<h1>Whitelabel Error Page</h1>", LeakKind::DebugPage),
            ("postgres://app@db-1.internal/app", LeakKind::Connection),
        ];
        for (text, expected) in cases {
            assert_eq!(kinds(text), [expected], "{text}");
        }
    }

    #[test]
    fn ordinary_errors_are_left_alone() {
        let cases = [
            r#"{"title": "not found", "type": "https://api.example/problems/not-found"}"#,
            r#"{"error": "please select one FROM the list"}"#,
            r#"{"message": "Cannot GET /app/users/1"}"#,
            r#"{"instance": "/var/orders/7"}"#,
            r#"{"docs": "https://example.com/opt/guide.js"}"#,
            r#"{"detail": "`limit` must be between 1 and 100"}"#,
            r#"{"detail": "update your settings"}"#,
            r#"{"detail": "File \"a.csv\" is empty, line 3 of it too"}"#,
            r#"{"detail": "meet me    at 10:30"}"#,
        ];
        for text in cases {
            assert_eq!(kinds(text), [], "{text}");
        }
    }

    #[test]
    fn what_we_sent_or_the_operation_says_anyway_is_no_leak() {
        let text = "no such file: /tmp/x.py";
        assert!(!leaks(text, &[]).is_empty());
        assert!(leaks(text, &["GET /files?name=/tmp/x.py"]).is_empty());
    }
}
