package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/bargee/bargee/tui/cells"
)

// scope says where a key works.
type scope uint8

const (
	inPanes scope = 1 << iota
	inQueue
	everywhere = inPanes | inQueue
)

// A binding is a row of the key table: keys that all do the same, where, and
// what. Two keys in a row are written "s n". The help, the hints and the row of
// function keys are made from the table, so that no key is missing there, and
// none stands there that does nothing.
type binding struct {
	keys  []string // as Bubble Tea names them, the one to learn first
	scope scope
	group cells.Text // heading in the help; empty: the one before
	help  cells.Text
	hint  cells.Text // word in the hint line, if it belongs there
	label cells.Text // word in the row of function keys, if it has one
	run   func(*App) tea.Cmd
}

// keyTable holds all keys of the screen but for those of dialogs, which show
// their own. No key needs Alt or a function key, and none is what terminals and
// multiplexers keep for themselves (Ctrl-A, -B, -S, -Q) or cannot tell from
// another one (Ctrl-I, -H, -J, -M, -[).
func keyTable() []binding {
	say := cells.Say
	return []binding{
		{keys: []string{"up", "k"}, scope: everywhere, group: say("Moving"), help: say("one up"), run: moveBy(-1)},
		{keys: []string{"down", "j"}, scope: everywhere, help: say("one down"), run: moveBy(1)},
		{keys: []string{"pgup"}, scope: everywhere, help: say("a page up"), run: movePage(-1)},
		{keys: []string{"pgdown"}, scope: everywhere, help: say("a page down"), run: movePage(1)},
		{keys: []string{"home", "g"}, scope: everywhere, help: say("to the first"), run: moveBy(-1 << 30)},
		{keys: []string{"end", "G"}, scope: everywhere, help: say("to the last"), run: moveBy(1 << 30)},
		{keys: []string{"enter", "l", "right"}, scope: inPanes, help: say("open a directory"), run: (*App).enter},
		{keys: []string{"backspace", "h", "left"}, scope: inPanes, help: say("the directory above"), run: (*App).parent},
		{keys: []string{"tab"}, scope: everywhere, help: say("the other pane"), hint: say("pane"), run: (*App).otherPane},
		{keys: []string{"1"}, scope: everywhere, help: say("the left pane"), run: focusOn(onLeft)},
		{keys: []string{"2"}, scope: everywhere, help: say("the right pane"), run: focusOn(onRight)},
		{keys: []string{"3"}, scope: everywhere, help: say("the queue"), hint: say("queue"), run: focusOn(onQueue)},
		{keys: []string{"o"}, scope: inPanes, help: say("another place in this pane: connect, known peers"), run: (*App).choosePlace},
		{keys: []string{"t"}, scope: everywhere, help: say("trust this peer: no secret next time"), run: (*App).offerPin},

		{keys: []string{"space", "insert"}, scope: inPanes, group: say("Files"), help: say("tag, and one down"), hint: say("tag"), run: onPane((*pane).toggleTag)},
		{keys: []string{"+"}, scope: inPanes, help: say("tag all that fit a mask, such as *.mkv"), run: tagMask(true)},
		{keys: []string{"-"}, scope: inPanes, help: say("untag all that fit a mask"), run: tagMask(false)},
		{keys: []string{"*"}, scope: inPanes, help: say("tag what is not, untag what is"), run: onPane((*pane).invertTags)},
		{keys: []string{"c", "f5"}, scope: inPanes, help: say("copy the tagged to the other pane"), hint: say("copy"), label: say("Copy"), run: transferTo(false)},
		{keys: []string{"m", "f6"}, scope: inPanes, help: say("move the tagged to the other pane"), label: say("Move"), run: transferTo(true)},
		{keys: []string{"n", "f7"}, scope: inPanes, help: say("make a directory"), label: say("Mkdir"), run: (*App).askMkdir},
		{keys: []string{"R", "f2"}, scope: inPanes, help: say("rename"), label: say("Rename"), run: (*App).askRename},
		{keys: []string{"x", "f8", "delete"}, scope: inPanes, help: say("delete the tagged, after asking"), label: say("Delete"), run: (*App).askDelete},
		{keys: []string{"/"}, scope: inPanes, help: say("show only what matches; Esc shows all again"), hint: say("filter"), run: (*App).askFilter},
		{keys: []string{"s n"}, scope: inPanes, help: say("sort by name"), hint: say("name"), run: sortBy(0)},
		{keys: []string{"s e"}, scope: inPanes, help: say("sort by extension"), hint: say("extension"), run: sortBy(1)},
		{keys: []string{"s s"}, scope: inPanes, help: say("sort by size"), hint: say("size"), run: sortBy(2)},
		{keys: []string{"s m"}, scope: inPanes, help: say("sort by time"), hint: say("modified"), run: sortBy(3)},
		{keys: []string{"S"}, scope: inPanes, help: say("the other way round"), run: (*App).reverse},
		{keys: []string{"."}, scope: inPanes, help: say("show hidden files, or not"), run: (*App).toggleHidden},
		{keys: []string{"ctrl+r"}, scope: inPanes, help: say("read the directory again"), run: (*App).refresh},

		{keys: []string{"enter"}, scope: inQueue, group: say("In the queue"), help: say("open or close the details"), hint: say("details"), run: (*App).toggleDetails},
		{keys: []string{"p"}, scope: inQueue, help: say("pause or resume"), hint: say("pause"), run: (*App).pauseOrResume},
		{keys: []string{"P"}, scope: inQueue, help: say("pause or resume all"), run: (*App).pauseOrResumeAll},
		{keys: []string{"x", "delete"}, scope: inQueue, help: say("cancel; take what is over off the list"), hint: say("cancel"), run: (*App).cancelOrForget},
		{keys: []string{"r"}, scope: inQueue, help: say("retry; in a conflict: under another name"), hint: say("retry"), run: (*App).retryOrRename},
		{keys: []string{"R"}, scope: inQueue, help: say("retry all that failed"), run: (*App).retryAll},
		{keys: []string{"o"}, scope: inQueue, help: say("conflict: overwrite the old file"), run: answerWith(overwrite)},
		{keys: []string{"s"}, scope: inQueue, help: say("conflict: skip the new file"), run: answerWith(skip)},
		{keys: []string{"n"}, scope: inQueue, help: say("conflict: overwrite if the new file is newer"), run: answerWith(newer)},
		{keys: []string{"a"}, scope: inQueue, help: say("conflict: the next answer is for all of the transfer"), run: (*App).toggleAll},

		{keys: []string{"?", "f1"}, scope: everywhere, group: say("Screen"), help: say("this help"), hint: say("help"), label: say("Help"), run: (*App).openHelp},
		{keys: []string{"esc"}, scope: everywhere, help: say("close or clear, never more"), run: (*App).escape},
		{keys: []string{"ctrl+l"}, scope: everywhere, help: say("draw the screen anew"), run: (*App).repaint},
		{keys: []string{"q", "f10", "ctrl+c"}, scope: everywhere, help: say("quit; asks while transfers run"), label: say("Quit"), run: (*App).quit},
	}
}

// find returns the binding for keys pressed so far. If there is none, but some
// begin with them, pending is true.
func find(table []binding, sc scope, pressed string) (b *binding, pending bool) {
	for i := range table {
		if table[i].scope&sc == 0 {
			continue
		}
		for _, key := range table[i].keys {
			if key == pressed {
				return &table[i], false
			}
			if strings.HasPrefix(key, pressed+" ") {
				pending = true
			}
		}
	}
	return nil, pending
}

// continuations lists the bindings that begin with a key.
func continuations(table []binding, sc scope, pressed string) []binding {
	var out []binding
	for _, b := range table {
		for _, key := range b.keys {
			if b.scope&sc != 0 && strings.HasPrefix(key, pressed+" ") {
				out = append(out, b)
			}
		}
	}
	return out
}

// keyText is how a key is written for people.
func keyText(key string) cells.Text {
	names := map[string]cells.Text{
		"up": cells.Say("Up"), "down": cells.Say("Down"), "left": cells.Say("Left"), "right": cells.Say("Right"),
		"pgup": cells.Say("PgUp"), "pgdown": cells.Say("PgDn"), "home": cells.Say("Home"), "end": cells.Say("End"),
		"enter": cells.Say("Enter"), "backspace": cells.Say("Backspace"), "tab": cells.Say("Tab"),
		"space": cells.Say("Space"), "insert": cells.Say("Insert"), "delete": cells.Say("Delete"), "esc": cells.Say("Esc"),
		"ctrl+r": cells.Say("Ctrl-R"), "ctrl+l": cells.Say("Ctrl-L"), "ctrl+c": cells.Say("Ctrl-C"),
	}
	if t, ok := names[key]; ok {
		return t
	}
	if isFunction(key) {
		return cells.Shown(strings.ToUpper(key))
	}
	return cells.Shown(key)
}

// isFunction tells whether a key is F1, F2, ...
func isFunction(key string) bool {
	return len(key) > 1 && key[0] == 'f' && strings.Trim(key[1:], "0123456789") == ""
}
