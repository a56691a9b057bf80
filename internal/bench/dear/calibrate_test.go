package dear

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

// machine has calls of base nanoseconds, and so much for each step.
type machine struct {
	base, step, noise float64
	bend              float64 // what a step costs more at the end than at the beginning
	asked             int
	random            *rand.Rand
}

func (m *machine) measure(steps int) (Cost, error) {
	m.asked++
	n := m.base + m.step*float64(steps)*(1+m.bend*float64(steps)/4000) + m.noise*(m.random.Float64()-.5)
	return Cost{Getppid: time.Duration(n), Recvfrom: time.Duration(n + 30)}, nil
}

func TestCalibrate(t *testing.T) {
	for _, m := range []machine{
		{base: 190, step: .8}, {base: 190, step: .8, bend: 1}, {base: 300, step: 3}, {base: 190, step: .8, noise: 20},
	} {
		for _, goal := range []time.Duration{400, 600, 1000} {
			m.random, m.asked = rand.New(rand.NewPCG(1, 2)), 0
			f, err := Calibrate(goal, 4000, m.measure)
			if err != nil {
				t.Errorf("%+v to %d: %v", m, goal, err)
				continue
			}
			exact := m
			exact.noise = 0
			if c, _ := exact.measure(f.Steps); (c.Getppid-goal).Abs() > goal/20 || f.Cost.Recvfrom == 0 {
				t.Errorf("%+v to %d: %+v costs %v", m, goal, f, c.Getppid)
			}
			if m.asked > looks+2 {
				t.Errorf("%+v to %d: %d filters tried", m, goal, m.asked)
			}
		}
	}
}

func TestCalibrateOutOfReach(t *testing.T) {
	for _, m := range []machine{{base: 700, step: 1}, {base: 100, step: .1}} {
		m.random = rand.New(rand.NewPCG(1, 2))
		if f, err := Calibrate(600, 4000, m.measure); err == nil {
			t.Errorf("%+v: %+v", m, f)
		}
	}
	// A machine on which nothing is near: the cost jumps.
	jump := func(steps int) (Cost, error) {
		if steps < 1000 {
			return Cost{Getppid: 200}, nil
		}
		return Cost{Getppid: 2000}, nil
	}
	if f, err := Calibrate(600, 4000, jump); err == nil {
		t.Errorf("a jump: %+v", f)
	}
	broken := errors.New("broken")
	if _, err := Calibrate(600, 4000, func(int) (Cost, error) { return Cost{}, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}
