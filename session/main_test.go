package session

import (
	"testing"
	"time"

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
	goleak.VerifyTestMain(patient{m})
}

// patient gives what is about to end the time that it takes on a busy machine.
type patient struct{ *testing.M }

func (m patient) Run() int {
	code := m.M.Run()
	for end := time.Now().Add(time.Minute); code == 0 && goleak.Find() != nil && time.Now().Before(end); {
	}
	return code
}
