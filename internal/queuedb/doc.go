// Package queuedb keeps the queue of a session.Engine in a file, so that it
// outlasts the process: it is a session.Store on SQLite.
//
// # The file
//
// queue.db is in WAL mode, with one connection that locks it: a second process
// gets ErrLocked. A change that Write returned from outlasts the process, also
// by kill -9; a power cut may take the last ones, and leaves a whole database.
// It has one row for each transfer, with columns for what the queue is sorted
// and searched by, and what session encodes beside them (job, life). It holds
// names of files and targets of peers, and no secret.
//
// The schema has a version, Version. Migrations bring an older file to it; a
// newer one is refused with ErrNewer.
//
// # What was done beside it
//
// A command that copies while nobody runs the queue opens no database: it notes what
// it did in queue.past (Note), and Restore takes that over. Each of the two files of
// those notes has 16 MiB, about 30,000 transfers, before the oldest are lost; a note
// is taken over once, also if a process ends while it does.
//
// # Damage
//
// Open checks a file, unless it is large: that is checked two seconds later, and
// if it is damaged nothing is written to it any more; the next Open repairs it.
// One that is damaged (truncated, empty, of another program) is kept beside as
// queue.db.corrupt-TIME, and the newest backup that is good takes its place;
// what lies between the two is named by a notice. Backups, queue.db.backup-TIME,
// are made a moment after a good start and every hour, if something changed, and
// the last three are kept. A file that cannot be opened for another reason (no
// permission, disk full) is an error, and left alone.
package queuedb
