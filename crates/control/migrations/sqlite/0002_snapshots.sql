-- A snapshot is the cache of one node's own fold, in parts; it is there once all of its parts are.
DROP TABLE snapshots;
CREATE TABLE snapshots (
    node  TEXT   NOT NULL,
    size  BIGINT NOT NULL,
    part  BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    bytes BLOB   NOT NULL,
    PRIMARY KEY (node, size, part)
);
