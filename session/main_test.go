package session

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// Made by the first test that needs them, they would belong to its bubble.
	data := make([]byte, leastShrink)
	for l := fast; int(l) < levels; l++ {
		if err := inflate(data, deflate(l, nil, data)); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}
