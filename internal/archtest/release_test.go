package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"
)

// A packaging is what .ci/nfpm.yaml may say; nfpm itself knows more.
type packaging struct {
	Name, Arch, Platform, Version, Section, Priority, Maintainer, Description, Homepage, License string

	VersionSchema string `yaml:"version_schema"`
	Umask         int
	Contents      []struct {
		Src, Dst, Type, Packager string
		Expand                   bool
		Info                     struct{ Mode int } `yaml:"file_info"`
	}
	Overrides map[string]struct{ Recommends, Suggests []string }
	RPM       struct{ Summary, Compression string }
	Deb       struct{ Compression string }
}

// The script that makes a release runs seldom: that it fits the packages it fills
// is seen here.
func TestPackagesAreMadeOfWhatTheReleaseHas(t *testing.T) {
	text, err := os.ReadFile(root + "/.ci/nfpm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var p packaging
	if err := yaml.UnmarshalStrict(text, &p); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(root + "/.ci/release")
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "bargee" || p.License != "MIT" || p.Platform != "linux" {
		t.Errorf("it is a package of %s, %s, for %s", p.Name, p.License, p.Platform)
	}
	for _, v := range regexp.MustCompile(`\$\{(\w+)\}`).FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(string(script), v[1]+"=") {
			t.Errorf("the script does not set %s", v[0])
		}
	}
	at := map[string]bool{}
	for _, c := range p.Contents {
		name, ok := strings.CutPrefix(c.Src, "${STAGE}/")
		if !c.Expand || !ok || !strings.Contains(string(script), strings.TrimPrefix(filepath.Base(name), "*")) {
			t.Errorf("%s: the script does not stage it, or nfpm not find it", c.Src)
		}
		if !slices.Contains([]string{"", "deb", "rpm"}, c.Packager) {
			t.Errorf("%s is for %s", c.Dst, c.Packager)
		}
		want := 0o644
		if c.Dst == "/usr/bin/bargee" {
			want = 0o755
		}
		if c.Info.Mode != want {
			t.Errorf("%s has mode %04o", c.Dst, c.Info.Mode)
		}
		at[c.Dst] = true
	}
	if !at["/usr/bin/bargee"] || !at["/usr/share/doc/bargee/copyright"] {
		t.Errorf("the packages have no program or no licence: %v", at)
	}
}

// What is released is in the change log, newest first, and the script finds it there.
func TestChangeLog(t *testing.T) {
	text, err := os.ReadFile(root + "/.github/CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`^(Unreleased|\d+\.\d+\.\d+ \(\d{4}-\d{2}-\d{2}\))$`)
	sections := strings.Split(string(text), "\n## ")[1:]
	if len(sections) == 0 {
		t.Fatal("it has no sections")
	}
	for i, s := range sections {
		name, what, _ := strings.Cut(s, "\n")
		if !heading.MatchString(name) || name == "Unreleased" && i > 0 {
			t.Errorf("%q is neither Unreleased, at the top, nor a version with its day", name)
		}
		if !strings.Contains(what, "\n- ") && !strings.Contains(what, "\n* ") {
			t.Errorf("%s: it says nothing", name)
		}
	}
}
