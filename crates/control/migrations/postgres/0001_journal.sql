-- The ledger: every entry, every attested batch, the tree's tiles, what the rules read.
CREATE TABLE tip (
    one  BIGINT PRIMARY KEY CHECK (one = 1),
    size BIGINT NOT NULL
);
INSERT INTO tip (one, size) VALUES (1, 0);

CREATE TABLE entries (
    position BIGINT PRIMARY KEY,
    bytes    BYTEA   NOT NULL
);

CREATE TABLE batches (
    first       BIGINT PRIMARY KEY,
    size        BIGINT NOT NULL UNIQUE,
    root        BYTEA   NOT NULL,
    attestation TEXT   NOT NULL
);

CREATE TABLE tiles (
    level BIGINT NOT NULL,
    idx   BIGINT NOT NULL,
    bytes BYTEA   NOT NULL,
    PRIMARY KEY (level, idx)
);

CREATE TABLE materials (
    digest BYTEA PRIMARY KEY,
    kind   TEXT NOT NULL,
    bytes  BYTEA NOT NULL
);

-- Which materials an entry is judged by.
CREATE TABLE needs (
    position BIGINT NOT NULL REFERENCES entries (position),
    digest   BYTEA   NOT NULL,
    PRIMARY KEY (position, digest)
);

-- Named by entries, never read by the rules. An erased paper keeps its name only.
CREATE TABLE papers (
    digest  BYTEA PRIMARY KEY,
    salt    BYTEA,
    content BYTEA
);

CREATE TABLE blobs (
    digest  BYTEA PRIMARY KEY,
    content BYTEA NOT NULL
);

-- The vault: sealed, under a key that never lies here.
CREATE TABLE secrets (
    credential TEXT PRIMARY KEY,
    sealed     BYTEA NOT NULL
);

-- Outside the ledger; nothing below ever grants anything.
CREATE TABLE sessions (
    hash    BYTEA   PRIMARY KEY,
    person  TEXT   NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person);

CREATE TABLE answers (
    person  TEXT   NOT NULL,
    key     TEXT   NOT NULL,
    request BYTEA   NOT NULL,
    status  BIGINT,
    body    BYTEA,
    expires BIGINT NOT NULL,
    PRIMARY KEY (person, key)
);

CREATE TABLE drafts (
    id      TEXT   PRIMARY KEY,
    kind    TEXT   NOT NULL,
    json    TEXT   NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX drafts_kind ON drafts (kind, created);

-- A snapshot is the cache of one node's own fold, in parts; it is there once all of its parts are.
CREATE TABLE snapshots (
    node  TEXT   NOT NULL,
    size  BIGINT NOT NULL,
    part  BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    bytes BYTEA  NOT NULL,
    PRIMARY KEY (node, size, part)
);
