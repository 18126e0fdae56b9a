package queuedb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Version is that of the schema, kept in user_version: len(migrations).
const Version = 1

// applicationID marks a file as ours: "barg".
const applicationID = 0x62617267

// migrations lead from each version to the next. What was released is never
// changed: another one is added.
var migrations = [Version]string{`
CREATE TABLE transfers (
	id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice
	tab         INTEGER NOT NULL, -- session.Tab
	state       INTEGER NOT NULL, -- session.TransferState
	foreground  INTEGER NOT NULL,
	priority    INTEGER NOT NULL,
	place       INTEGER NOT NULL,
	ended       INTEGER NOT NULL, -- number among those that ended, 0 before
	finished    INTEGER NOT NULL, -- nanoseconds since 1970, 0 before
	from_target TEXT NOT NULL,    -- '' for this machine
	to_target   TEXT NOT NULL,
	names       BLOB NOT NULL,    -- session.Record.Names
	job         BLOB NOT NULL,    -- session's JSON
	life        BLOB NOT NULL     -- session's JSON
) STRICT;
CREATE INDEX turns ON transfers (priority DESC, place, id, state, foreground) WHERE tab = 0;
CREATE INDEX past ON transfers (tab, ended) WHERE tab > 0;
CREATE INDEX ended ON transfers (ended) WHERE tab > 0;
CREATE INDEX finished ON transfers (finished) WHERE tab > 0;
CREATE INDEX from_target ON transfers (from_target, ended) WHERE tab > 0;
CREATE INDEX to_target ON transfers (to_target, ended) WHERE tab > 0;
CREATE TABLE answers (
	transfer INTEGER NOT NULL,
	key      BLOB NOT NULL, -- session.Answer.Key
	decision INTEGER NOT NULL,
	PRIMARY KEY (transfer, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (
	name  TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`}

// ErrNewer means that the file was written by a newer version of bargee.
var ErrNewer = errors.New("the queue was written by a newer version of bargee: update this one")

// errForeign means that the file is a database of something else.
var errForeign = errors.New("not a queue of bargee")

// migrate brings the schema to Version, and makes it in an empty file.
func migrate(ctx context.Context, c *sql.Conn) error {
	var version, app, tables int
	for pragma, into := range map[string]*int{"PRAGMA user_version": &version, "PRAGMA application_id": &app, "SELECT count(*) FROM sqlite_schema": &tables} {
		if err := c.QueryRowContext(ctx, pragma).Scan(into); err != nil {
			return err
		}
	}
	switch {
	case version == 0 && tables > 0, version > 0 && app != applicationID, version < 0:
		return errForeign
	case version > Version:
		return fmt.Errorf("%w (schema %d, this one knows %d)", ErrNewer, version, Version)
	}
	for ; version < Version; version++ {
		step := fmt.Sprintf("BEGIN IMMEDIATE; %s; PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
			migrations[version], applicationID, version+1)
		if _, err := c.ExecContext(ctx, step); err != nil {
			_, _ = c.ExecContext(ctx, "ROLLBACK")
			return fmt.Errorf("schema %d: %w", version+1, err)
		}
	}
	return nil
}
