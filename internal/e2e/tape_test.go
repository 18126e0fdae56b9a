package e2e

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bargee/bargee/internal/e2e/tape"
	"github.com/bargee/bargee/internal/e2e/terminal"
)

// The demonstration shows what the program does: every scene of demo.tape must
// appear as the tape says, with the program built from this source.
func TestDemoTape(t *testing.T) {
	script, err := os.ReadFile(filepath.Join(repository(t), "demo.tape"))
	if err != nil {
		t.Fatal(err)
	}
	demo, err := tape.Parse(string(script))
	if err != nil {
		t.Fatal(err)
	}
	var shots []string
	p := tape.Player{Path: filepath.Dir(binary(t).Path), Home: t.TempDir(), Took: func(file, styled string) error {
		shots = append(shots, file)
		if !strings.Contains(styled, "\x1b[") {
			t.Errorf("%s has no colours:\n%s", file, styled)
		}
		return nil
	}}
	err = p.Play(t.Context(), demo)
	if errors.Is(err, terminal.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Error("demo.tape, ", err)
	}
	checkPictures(t, shots)
}

// checkPictures looks at the pictures that .ci/picture made of the screenshots
// when it ran last: they are there, and are pictures.
func checkPictures(t *testing.T, shots []string) {
	t.Helper()
	if len(shots) == 0 {
		t.Error("the tape takes no screenshot for the README")
	}
	for _, file := range shots {
		svg, err := os.Open(filepath.Join(repository(t), strings.TrimSuffix(file, ".png")+".svg"))
		if err != nil {
			t.Errorf("%v: run .ci/picture", err)
			continue
		}
		d := xml.NewDecoder(svg)
		for err == nil {
			_, err = d.Token()
		}
		if err != io.EOF {
			t.Errorf("%s: %v: run .ci/picture", svg.Name(), err)
		}
		svg.Close()
	}
}
