//! Where things lie that were not meant to be served, and how their content looks.

use super::flaws::{BACKUP, CONSOLE, DEBUG, DOCUMENTATION, METRICS, REPOSITORY, SECRETS};
use super::signature::Signature::{
    self, All, Begins, Download, Exposition, GitHead, Magic, Members, Settings,
};
use crate::flaw::Flaw;

/// One path and what it would hold.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'e> {
    pub path: &'e str,
    pub flaw: &'static Flaw,
    pub signature: Signature,
    pub what: &'static str,
    /// True if frameworks also hang it below the API's own base.
    pub below: bool,
}

impl Entry<'_> {
    /// True if its content is large: then only its head is asked for.
    pub fn is_large(&self) -> bool {
        matches!(self.signature, Download)
    }
}

const fn at(
    path: &'static str,
    flaw: &'static Flaw,
    signature: Signature,
    what: &'static str,
) -> Entry<'static> {
    Entry { path, flaw, signature, what, below: false }
}

const fn below(
    path: &'static str,
    flaw: &'static Flaw,
    signature: Signature,
    what: &'static str,
) -> Entry<'static> {
    Entry { path, flaw, signature, what, below: true }
}

/// Members that a dump of a process's inside has and an ordinary answer has not.
const INSIDE: &[&str] = &[
    "cmdline",
    "memstats",
    "environ",
    "propertySources",
    "activeProfiles",
    "database_url",
    "secret_key",
    "SECRET_KEY",
    "DATABASE_URL",
    "argv",
    "execArgv",
    "sys.path",
    "PYTHONPATH",
    "env",
    "environment",
    "memoryUsage",
];

pub const LIST: &[Entry<'static>] = &[
    at("/.git/HEAD", &REPOSITORY, GitHead, "the name of the current branch or commit"),
    at(
        "/.git/config",
        &REPOSITORY,
        All(&["[core]", "repositoryformatversion"]),
        "a Git configuration",
    ),
    at("/.svn/wc.db", &REPOSITORY, Magic(b"SQLite format 3"), "a Subversion database"),
    at("/.hg/requires", &REPOSITORY, All(&["revlogv1"]), "a Mercurial folder"),
    at("/.env", &SECRETS, Settings, "variables of an environment"),
    at("/.env.local", &SECRETS, Settings, "variables of an environment"),
    at("/.env.production", &SECRETS, Settings, "variables of an environment"),
    at("/.env.bak", &SECRETS, Settings, "variables of an environment"),
    at("/.aws/credentials", &SECRETS, All(&["aws_access_key_id"]), "keys of a cloud account"),
    at("/.npmrc", &SECRETS, All(&["_authToken"]), "a token of a package registry"),
    at("/.htpasswd", &SECRETS, Begins(&["admin:$", "root:$", "admin:{"]), "hashes of passwords"),
    at("/id_rsa", &SECRETS, All(&["PRIVATE KEY-----"]), "a private key"),
    at("/.ssh/id_rsa", &SECRETS, All(&["PRIVATE KEY-----"]), "a private key"),
    at("/server.key", &SECRETS, All(&["PRIVATE KEY-----"]), "a private key"),
    at(
        "/config.json",
        &SECRETS,
        Members(&["password", "secret", "db_password", "secretKey"]),
        "a configuration with secrets",
    ),
    at("/config.yml", &SECRETS, All(&["password:"]), "a configuration with secrets"),
    at(
        "/appsettings.json",
        &SECRETS,
        Members(&["ConnectionStrings"]),
        "a configuration with connection strings",
    ),
    at("/web.config", &SECRETS, All(&["<configuration", "system.web"]), "a configuration of IIS"),
    at("/WEB-INF/web.xml", &SECRETS, All(&["<web-app"]), "a deployment descriptor"),
    at(
        "/docker-compose.yml",
        &SECRETS,
        All(&["services:", "image:"]),
        "a composition of containers",
    ),
    at("/storage/logs/laravel.log", &DEBUG, All(&["Stack trace", ".php"]), "a log with traces"),
    at("/backup.sql", &BACKUP, All(&["CREATE TABLE"]), "a dump of a database"),
    at("/dump.sql", &BACKUP, All(&["CREATE TABLE"]), "a dump of a database"),
    at("/database.sql", &BACKUP, All(&["CREATE TABLE"]), "a dump of a database"),
    at("/backup.zip", &BACKUP, Magic(b"PK\x03\x04"), "an archive"),
    at("/backup.tar.gz", &BACKUP, Magic(&[0x1f, 0x8b]), "an archive"),
    at("/db.sqlite3", &BACKUP, Magic(b"SQLite format 3"), "a database"),
    at("/database.sqlite", &BACKUP, Magic(b"SQLite format 3"), "a database"),
    at("/.DS_Store", &BACKUP, Magic(b"\0\0\0\x01Bud1"), "a listing of a folder"),
    below(
        "/actuator/env",
        &DEBUG,
        Members(&["propertySources"]),
        "the environment of a Spring application",
    ),
    below("/env", &DEBUG, Members(INSIDE), "the environment of an application"),
    below(
        "/actuator/configprops",
        &DEBUG,
        Members(&["contexts", "beans"]),
        "the configuration of a Spring application",
    ),
    below("/actuator/beans", &DEBUG, Members(&["contexts"]), "the parts of a Spring application"),
    below(
        "/actuator/mappings",
        &DEBUG,
        Members(&["dispatcherServlets", "contexts"]),
        "the routes of a Spring application",
    ),
    below(
        "/actuator/httptrace",
        &DEBUG,
        Members(&["traces"]),
        "the last requests with their headers",
    ),
    below(
        "/actuator/threaddump",
        &DEBUG,
        Members(&["threads"]),
        "the threads of a Spring application",
    ),
    below("/actuator/heapdump", &DEBUG, Download, "the memory of a Java program"),
    below(
        "/actuator",
        &DEBUG,
        All(&["\"_links\"", "/actuator/"]),
        "the list of Spring's management pages",
    ),
    below("/debug/vars", &DEBUG, Members(INSIDE), "variables of the running process"),
    below("/debug/pprof/", &DEBUG, All(&["goroutine", "heap"]), "profiles of a Go program"),
    below("/debug", &DEBUG, Members(INSIDE), "variables of the running process"),
    below("/debug/config", &DEBUG, Members(INSIDE), "the configuration of the running process"),
    below("/__debug__/", &DEBUG, All(&["djDebug"]), "Django's debug toolbar"),
    at("/phpinfo.php", &DEBUG, All(&["PHP Version", "phpinfo"]), "PHP's page about itself"),
    at("/info.php", &DEBUG, All(&["PHP Version", "phpinfo"]), "PHP's page about itself"),
    at("/_profiler/", &DEBUG, All(&["Symfony Profiler"]), "Symfony's profiler"),
    at(
        "/rails/info/routes",
        &DEBUG,
        All(&["Controller#Action"]),
        "the routes of a Rails application",
    ),
    at("/telescope/requests", &DEBUG, All(&["Telescope"]), "Laravel Telescope"),
    at("/elmah.axd", &DEBUG, All(&["Error Log for"]), "the error log of an ASP.NET application"),
    at("/trace.axd", &DEBUG, All(&["Application Trace"]), "the trace of an ASP.NET application"),
    at(
        "/server-status",
        &DEBUG,
        All(&["Apache Server Status"]),
        "Apache's status with requests of others",
    ),
    at(
        "/nginx_status",
        &METRICS,
        All(&["Active connections:", "server accepts"]),
        "nginx's status",
    ),
    below("/metrics", &METRICS, Exposition, "metrics in Prometheus' format"),
    below("/actuator/prometheus", &METRICS, Exposition, "metrics in Prometheus' format"),
    below(
        "/actuator/metrics",
        &METRICS,
        All(&["\"names\"", "jvm."]),
        "metrics of a Spring application",
    ),
    below(
        "/console",
        &CONSOLE,
        All(&["Interactive Console", "Werkzeug"]),
        "a console that runs code",
    ),
    at("/h2-console/", &CONSOLE, All(&["H2 Console"]), "a console of the database H2"),
    at("/adminer.php", &CONSOLE, All(&["Adminer", "<form"]), "Adminer"),
    at("/phpmyadmin/", &CONSOLE, All(&["phpMyAdmin", "<form"]), "phpMyAdmin"),
    at(
        "/jolokia/version",
        &CONSOLE,
        All(&["\"agent\"", "\"protocol\""]),
        "Jolokia, which manages a Java program",
    ),
    at("/_cluster/health", &CONSOLE, Members(&["cluster_name"]), "a search cluster"),
    at(
        "/_cat/indices",
        &CONSOLE,
        Begins(&["green open", "yellow open", "red open"]),
        "a search cluster's indices",
    ),
    at("/solr/admin/info/system?wt=json", &CONSOLE, Members(&["lucene"]), "Solr's administration"),
    at("/v1/agent/self", &CONSOLE, All(&["\"Config\"", "\"Datacenter\""]), "a Consul agent"),
    below("/graphiql", &CONSOLE, All(&["graphiql"]), "a page that runs GraphQL queries"),
    below(
        "/playground",
        &CONSOLE,
        All(&["GraphQL Playground"]),
        "a page that runs GraphQL queries",
    ),
    below("/swagger-ui/index.html", &DOCUMENTATION, All(&["swagger-ui"]), "Swagger UI"),
    below("/swagger-ui.html", &DOCUMENTATION, All(&["swagger-ui"]), "Swagger UI"),
    below("/docs", &DOCUMENTATION, All(&["swagger-ui"]), "Swagger UI"),
    below("/redoc", &DOCUMENTATION, All(&["redoc"]), "ReDoc"),
];
