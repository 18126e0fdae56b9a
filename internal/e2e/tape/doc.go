// Package tape reads tapes of VHS (github.com/charmbracelet/vhs), the scripts
// that terminal demonstrations are recorded from, and plays them in a
// terminal.Terminal. So the demonstration is a test: what a tape waits for with
//
//	Wait+Screen@10s /regexp/
//
// must appear, here and when VHS records it.
//
// It knows the part of the language that bargee's tapes need, with one command
// on a line; what it does not know is an error, not skipped:
//
//	Output FILE              where VHS puts the recording
//	Require PROGRAM          must be found on PATH
//	Set NAME VALUE           of VHS's renderer; WaitTimeout is obeyed here too
//	Env NAME "VALUE"         for the shell
//	Hide, Show               what happens in between is not recorded
//	Type[@TIME] "TEXT"       quoted by ", ' or `
//	Enter Space Tab Backspace Delete Escape Up Down Left Right PageUp PageDown
//	                         keys, with [@TIME] and a number of times
//	Ctrl+X                   a key with Ctrl
//	Sleep TIME               for the eyes of who watches; skipped here
//	Wait[+Screen|+Line][@TIME] /REGEXP/
//	Screenshot FILE.png
//
// VHS's terminal has a size in pixels. A tape says in a comment what that is in
// cells, and is played at that size:
//
//	# terminal: 100x30
package tape
