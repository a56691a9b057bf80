package load

import (
	"testing"
	"time"
)

func TestScheduleIsEven(t *testing.T) {
	s := newSchedule(Pace{Rate: 4000}, 7, 500*time.Millisecond)
	if s.total != 2000 {
		t.Errorf("%d requests, want 2000", s.total)
	}
	for k := range s.total {
		if got, want := s.due(k), 7+int64(k)*250_000; got != want {
			t.Fatalf("request %d is due at %d, want %d", k, got, want)
		}
	}
}

func TestScheduleOfBursts(t *testing.T) {
	s := newSchedule(Pace{Rate: 1000, Burst: 10}, 0, time.Second)
	if s.total != 1000 {
		t.Errorf("%d requests, want 1000", s.total)
	}
	for k, want := range map[int]time.Duration{0: 0, 9: 0, 10: 10 * time.Millisecond, 999: 990 * time.Millisecond} {
		if got := time.Duration(s.due(k)); got != want {
			t.Errorf("request %d is due at %v, want %v", k, got, want)
		}
	}
}

func TestScheduleHasARequest(t *testing.T) {
	s := newSchedule(Pace{Rate: .5}, 0, time.Millisecond)
	if s.total != 1 || s.due(0) != 0 {
		t.Errorf("%+v", s)
	}
}
