// Package cli holds bargee's commands, one file each. It is where concrete
// things are wired together (identity, sockets, engine, screen), so that no
// other package has to know them all.
//
// The way of a command line:
//
//	Main            streams, signals             main.go, app.go
//	  newRoot       commands and their flags     root.go, then a file each
//	    parseTarget addresses, taken apart       target.go
//	    admit       which secret opens a peer    secret.go, place.go
//	    reach       addresses and keys to links  reach.go, home.go
//	  exitCode      errors to exit codes         error.go
//
// A command that names things (ls, stat, rm, ...) is a function that app.each
// calls for every address, over one link per peer, or app.eachAhead (ahead.go) for
// several at a time, telling of them in their order; glob.go makes of a pattern what it
// stands for, and descent.go goes through trees. The copying ones share cp.go
// (flags), aim.go (what goes where), copy.go (the engine's work) and report.go
// (what is told of it); sync is sync.go and sync_report.go, over an engine of its own. serve is serve.go, server.go and serve_entry.go (who
// may enter), which the demonstration uses too.
//
// What flags are not given, the environment and then the file give: config_flags.go.
//
// relay is relay.go (flags), relay_run.go (its life), relay_tokens.go (whom it lets
// in), relay_unit.go and initsystem.go (systemd). What a client knows of relays is
// in relays.go. Roles go into the background by background_role.go and supervise.go;
// stop.go ends them. Their log (logsink.go, logcalm.go) waits for no disk.
//
// mount-dav (mount.go) puts internal/dav before a place of an engine of its own.
//
// cp and the screen have one queue, whichever process runs its engine: queue.go
// takes part in it (internal/control), background.go leaves it to a process that
// runs engine.go when the screen is gone.
//
// queue_*.go, history.go and stats.go look at that queue and change it by a visit
// (queue_visit.go), which makes nothing run; what is added, or is to go on, is done by
// a process in the background (queue_add.go, wakeEngine).
//
// What peers did with what is served is noted by guestbook.go (internal/guests), and
// told by history --served, peer who and peer list.
//
// Pairing is pair.go (the command), pairing.go (what is under way: tui.Pairing) with a
// file for each way to meet, and pair_lines.go (without a screen). Every screen has
// it. Who was met is called by its key: reach_paired.go. Who was remembered by earlier
// ones finds an open screen: standing.go.
//
// complete.go tells shells what may follow, and man.go makes a page of what --help says.
//
// Rules that hold everywhere:
//
//   - An error is a problem: what was tried, where, why, and at most one line of
//     what to do. The commands make them; error.go alone knows exit codes.
//   - Nothing reaches a terminal that a peer could have chosen but through
//     session.Display or reason. Secrets reach nothing: no argument, log, title
//     or error.
//   - Every wait has an end: of a connection by --timeout, of a request by a
//     watch that the command moves, of a transfer by the engine.
//   - A signal ends the context with errInterrupted; what then fails, failed
//     because of it (exit code 130). A second signal kills.
package cli
