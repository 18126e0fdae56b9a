package renaming

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bargee/bargee/session"
)

func TestListsComeBack(t *testing.T) {
	names := []string{"plain.txt", " blanks ", "new\nline", "tab\t", `back\slash`, "\xff\xfe", "\x1b[2J", "e\u0301", "\u202egnp", "東京", "a\r"}
	text := Text(names)
	if strings.Count(text, "\n") != len(names) || strings.ContainsAny(text, "\x1b\t\r") {
		t.Errorf("%q", text)
	}
	for _, edited := range []string{text, strings.ReplaceAll(text, "\n", "\r\n"), strings.TrimSuffix(text, "\n")} {
		got, err := Parse(edited, names)
		if err != nil || !slices.Equal(got, names) {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestListsThatAreRefused(t *testing.T) {
	names := []string{"a", "b", "c"}
	for text, want := range map[string]string{
		"a\nb\n":       "the list has 2 lines, it had 3 lines",
		"":             "the list has 0 lines, it had 3 lines",
		"a\nb\nc\nd\n": "the list has 4 lines, it had 3 lines",
		"a\nx\nx\n":    "lines 2 and 3: both are x",
		"a\nb\na\n":    "lines 1 and 3: both are a",
		"a\n\nc\n":     "line 2: there is no name",
		"a\nb\n..\n":   "line 3: .. is no name for a file",
		"a\nd/b\nc\n":  "line 2: d/b: a name has no slash",
		"a\nx\\x00\nc": `line 2: x\x00 is not a possible name`,
		"a\nb\n" + strings.Repeat("x", 5000) + "\n": "is not a possible name",
	} {
		edited, err := Parse(text, names)
		if err == nil {
			_, err = Pairs(session.Path{}, names, edited)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

func TestClobbers(t *testing.T) {
	hit := Clobbers([]Pair{{"a", "b"}, {"b", "c"}})
	for name, want := range map[string]bool{"a": false, "b": false, "c": true, "d": false} {
		if hit(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// Any renaming of some of the files among themselves and to new names ends with
// each file under its new name, and no step takes a name that is taken.
func TestPlan(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := 1 + rnd.IntN(8)
		disk, want := map[string]int{}, map[string]int{}
		var pool []string
		for i := range 2 * n {
			pool = append(pool, fmt.Sprint("n", i))
		}
		var names []string
		for i := range n {
			names = append(names, pool[i])
			disk[pool[i]] = i
		}
		rnd.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
		edited := pool[:n]
		for i, name := range edited {
			want[name] = i
		}
		pairs, err := Pairs(session.Path{}, names, edited)
		if err != nil {
			t.Fatal(err)
		}
		spares := 0
		groups := Plan(pairs, func() string { spares++; return fmt.Sprint("spare", spares) })
		rnd.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
		for _, g := range groups {
			for _, s := range g.Steps {
				file, there := disk[s.Old]
				if _, taken := disk[s.New]; taken || !there {
					t.Fatalf("%v -> %v: step %v: there %v, taken %v", names, edited, s, there, taken)
				}
				delete(disk, s.Old)
				disk[s.New] = file
			}
		}
		if !maps.Equal(disk, want) {
			t.Fatalf("%v became %v, want %v", names, disk, want)
		}
	}
}

func FuzzList(f *testing.F) {
	f.Add("a\nb", "b\na\n")
	f.Fuzz(func(t *testing.T, names, text string) {
		old := strings.Split(names, "\x00")
		if slices.Contains(old, "") {
			return // there is no such file
		}
		back, err := Parse(Text(old), old)
		if err != nil || !slices.Equal(back, old) {
			t.Fatalf("%q became %q, %v", old, back, err)
		}
		edited, err := Parse(text, old)
		if err != nil {
			return
		}
		pairs, err := Pairs(session.Path{}, old, edited)
		if err != nil {
			return
		}
		for _, p := range pairs {
			if p.New == "" || strings.ContainsAny(p.New, "/\x00") || p.New == p.Old {
				t.Fatalf("%q is allowed", p)
			}
		}
	})
}
