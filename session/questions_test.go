package session

import (
	"slices"
	"testing"
	"time"
)

// about asks about a file of that many bytes, an hour newer than the old one.
func aboutFile(name string, size int64) Question {
	return Question{Path: Path{"src/" + name}, Name: Path{"dst/" + name},
		Source:   Entry{Name: name, Size: size, Modified: newer},
		Existing: Entry{Name: name, Size: 10, Modified: older}}
}

func TestQuestions(t *testing.T) {
	var q questions
	var got []Conflict
	note := func(c Conflict) { got = append(got, c) }
	for _, name := range []string{"a", "b", "c"} {
		q.ask(aboutFile(name, 20), note)
	}
	list, n, rule := q.snapshot()
	if n != 3 || list[0].ID != 1 || list[2].ID != 3 || rule != nil || list[0].Verdict != VerdictDiffers {
		t.Fatalf("%d: %+v %v", n, list, rule)
	}
	answer := func(id int, d Conflict) error { _, err := q.answer(id, d); return err }
	must(t, answer(2, Skip))
	wantKind(t, answer(2, Skip), NotFound)
	must(t, answer(1, Resume))
	q.answerAll(Rule{Then: Rename})
	q.ask(aboutFile("d", 20), note)
	if want := []Conflict{Skip, Overwrite, Rename, Rename}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	q = questions{}
	for range 2 * maxQuestions {
		q.ask(Question{}, note)
	}
	if list, n, _ := q.snapshot(); n != 2*maxQuestions || len(list) != maxQuestions {
		t.Errorf("%d of %d", len(list), n)
	}
	q.drop()
	if q.count() != 0 {
		t.Errorf("%d are left", q.count())
	}
}

// Another attempt does not ask again, but for files that are not what they were.
func TestAnswersAreRemembered(t *testing.T) {
	var q questions
	var got []Conflict
	note := func(c Conflict) { got = append(got, c) }
	q.ask(aboutFile("a", 20), note)
	if key, err := q.answer(1, Skip); err != nil || key != matter(&Question{Path: Path{"src/a"}, Name: Path{"dst/a"}, Source: aboutFile("a", 20).Source, Existing: aboutFile("a", 20).Existing}) {
		t.Errorf("%x, %v", key, err)
	}
	q.drop()
	got = nil
	for _, c := range []struct {
		change func(*Question)
		want   Conflict
	}{
		{func(*Question) {}, Skip},
		{func(c *Question) { c.Source.Size++ }, Ask},
		{func(c *Question) { c.Existing.Size++ }, Ask},
		{func(c *Question) { c.Existing.Modified = newer }, Ask},
		{func(c *Question) { c.Source.Modified = older }, Ask},
		{func(c *Question) { c.Name = Path{"dst/b"} }, Ask},
		{func(c *Question) { c.Existing.Kind = Link }, Ask},
	} {
		again := aboutFile("a", 20)
		c.change(&again)
		if d := q.decided(&again); d != c.want {
			t.Errorf("%+v: %v, want %v", again, d, c.want)
		}
	}
}

// A rule leaves what it says nothing about, and answers for one file outlast it.
func TestRules(t *testing.T) {
	small, large, old := aboutFile("small", 5), aboutFile("large", 50), aboutFile("old", 10)
	old.Source.Modified = older.Add(-time.Hour)
	for _, c := range []struct {
		r                 Rule
		small, large, old Conflict
	}{
		{Rule{Then: Skip}, Skip, Skip, Skip},
		{Rule{SourceNewer, Overwrite, Skip}, Overwrite, Overwrite, Skip},
		{Rule{SourceOlder, Skip, Ask}, Ask, Ask, Skip},
		{Rule{SizesDiffer, Overwrite, Ask}, Overwrite, Overwrite, Ask},
		{Rule{SourceLarger, Resume, Rename}, Rename, Resume, Rename},
	} {
		for i, q := range []Question{small, large, old} {
			if d, want := c.r.Decide(q), []Conflict{c.small, c.large, c.old}[i]; d != want {
				t.Errorf("%+v of %s: %v, want %v", c.r, q.Source.Name, d, want)
			}
		}
	}
	for _, r := range []Rule{{Then: Ask}, {SourceNewer, Ask, Ask}, {When: SourceLarger + 1}, {Then: Resume + 1}} {
		wantKind(t, r.check(&Options{}), Invalid)
	}
	wantKind(t, Rule{SourceLarger, Resume, Skip}.check(&Options{Whole: true}), Invalid)
	must(t, Rule{SourceNewer, Overwrite, Ask}.check(&Options{}))

	var q questions
	var got []Conflict
	note := func(c Conflict) { got = append(got, c) }
	q.ask(small, note)
	q.ask(large, note)
	q.answerAll(Rule{SourceLarger, Overwrite, Ask})
	if list, n, _ := q.snapshot(); n != 1 || list[0].Source.Name != "small" || !slices.Equal(got, []Conflict{Overwrite}) {
		t.Errorf("%v; %+v", got, list)
	}
	if _, err := q.answer(1, Rename); err != nil {
		t.Error(err)
	}
	q.answerAll(Rule{Then: Skip})
	if d := q.decided(&small); d != Rename {
		t.Errorf("%v", d)
	}
}
