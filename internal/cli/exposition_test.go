package cli

import "testing"

type fixedMetrics struct{ one, many *metricDesc }

func (f fixedMetrics) collect(emit func(*metricDesc, float64, string)) {
	emit(f.many, 1, `a"b\c`)
	emit(f.one, 1e9, "")
	emit(f.many, 0.5, "line\nbreak\xff")
}

// The values of a metric stand together, and no label breaks out of its line.
func TestExposition(t *testing.T) {
	f := fixedMetrics{&metricDesc{"one", "One.", gaugeMetric, ""}, &metricDesc{"many", "Many.", counterMetric, "who"}}
	want := "# HELP many Many.\n# TYPE many counter\nmany{who=\"a\\\"b\\\\c\"} 1\nmany{who=\"line\\nbreak\uFFFD\"} 0.5\n" +
		"# HELP one One.\n# TYPE one gauge\none 1e+09\n"
	if got := string(expose(f)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
