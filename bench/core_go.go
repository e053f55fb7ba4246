// SPDX-License-Identifier: MIT

// The peer "go": goroutines and channels of the Go runtime, on one processor
// (GOMAXPROCS=1), as everything else in this suite. The command line and the
// output are those of bench.h.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "benchmark: "+format+"\n", args...)
	os.Exit(1)
}

func cpuMicroseconds() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		fail("getrusage: %v", err)
	}
	return (u.Utime.Nano() + u.Stime.Nano()) / 1000
}

// measure times work and prints the line for ops operations.
func measure(ops int, work func()) {
	cpu, start := cpuMicroseconds(), time.Now()
	work()
	ns := time.Since(start).Nanoseconds()
	fmt.Printf("ops=%d ns=%d cpu_us=%d\n", ops, ns, cpuMicroseconds()-cpu)
}

// memory is the resident memory and the page tables of this process, in bytes.
func memory() int {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		fail("%v", err)
	}
	defer f.Close()
	total := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) == 3 && (words[0] == "VmRSS:" || words[0] == "VmPTE:") {
			kib, _ := strconv.Atoi(words[1])
			total += kib * 1024
		}
	}
	return total
}

func share(count, width int) int { return (count + width - 1) / width }

// yield lets two goroutines, or as many as the width says, yield in turn.
func yield(count, width int) {
	if width == 1 {
		width = 2
	}
	each := share(count, width)
	var all sync.WaitGroup
	all.Add(width)
	for i := 0; i < width; i++ {
		go func() {
			for n := 0; n < each; n++ {
				runtime.Gosched()
			}
			all.Done()
		}()
	}
	measure(each*width, all.Wait)
}

// spawn starts batches of goroutines (of one, without a width) and waits for
// each batch.
func spawn(count, width int) {
	batches := share(count, width)
	var all sync.WaitGroup
	ended := 0
	measure(batches*width, func() {
		for i := 0; i < batches; i++ {
			all.Add(width)
			for n := 0; n < width; n++ {
				go func() {
					ended++
					all.Done()
				}()
			}
			all.Wait()
		}
	})
	if ended != batches*width {
		fail("only %d goroutines ran", ended)
	}
}

// flow sends numbers through a channel with some room.
func flow(count, width int) {
	numbers := make(chan int, width)
	measure(count, func() {
		go func() {
			for i := 0; i < count; i++ {
				numbers <- i
			}
			close(numbers)
		}()
		came := 0
		for n := range numbers {
			if n != came {
				fail("%d came too early", n)
			}
			came++
		}
	})
}

// channel sends a number there and back over two unbuffered channels; with a width,
// through a channel with that much room.
func channel(count, width int) {
	if width > 1 {
		flow(count, width)
		return
	}
	there, back := make(chan int), make(chan int)
	go func() {
		for n := range there {
			back <- n
		}
	}()
	measure(count, func() {
		for i := 0; i < count; i++ {
			there <- i
			if n := <-back; n != i {
				fail("%d came back as %d", i, n)
			}
		}
	})
	close(there)
}

// idle counts the memory of goroutines that wait for a channel.
func idle(count, width int) {
	never := make(chan int)
	var parked, ended sync.WaitGroup
	parked.Add(count)
	ended.Add(count)
	before := memory()
	for i := 0; i < count; i++ {
		go func() {
			parked.Done()
			<-never
			ended.Done()
		}()
	}
	parked.Wait()
	runtime.Gosched()
	fmt.Printf("ops=%d bytes=%d\n", count, memory()-before)
	close(never)
	ended.Wait()
}

// idleChannel counts the memory of goroutines that wait for an item, each on a channel of
// its own, which they get at last.
func idleChannel(count, width int) {
	channels := make([]chan int, count)
	var parked, ended sync.WaitGroup
	parked.Add(count)
	ended.Add(count)
	before := memory()
	for i := range channels {
		channels[i] = make(chan int)
		go func(c chan int) {
			parked.Done()
			<-c
			ended.Done()
		}(channels[i])
	}
	parked.Wait()
	runtime.Gosched()
	fmt.Printf("ops=%d bytes=%d\n", count, memory()-before)
	for i, c := range channels {
		c <- i
	}
	ended.Wait()
}

// socketPair returns two connected sockets.
func socketPair() [2]net.Conn {
	var ends [2]net.Conn
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	for i := 0; err == nil && i < 2; i++ {
		file := os.NewFile(uintptr(fds[i]), "pair")
		ends[i], err = net.FileConn(file)
		file.Close()
	}
	if err != nil {
		fail("socket pair: %v", err)
	}
	return ends
}

// pair sends a byte there and back over a pair of sockets, while as many other
// goroutines wait as the width says (none, without a width).
func pair(count, width int) {
	ends := socketPair()
	go func() {
		b := make([]byte, 1)
		for {
			if _, err := ends[1].Read(b); err != nil {
				return
			}
			if _, err := ends[1].Write(b); err != nil {
				return
			}
		}
	}()
	never := make(chan int)
	for i := 0; width > 1 && i < width; i++ {
		go func() { <-never }()
	}
	runtime.Gosched()
	b := make([]byte, 1)
	measure(count, func() {
		for i := 0; i < count; i++ {
			b[0] = byte(i)
			if _, err := ends[0].Write(b); err != nil {
				fail("write: %v", err)
			}
			if _, err := ends[0].Read(b); err != nil || b[0] != byte(i) {
				fail("byte %d came back as %d (%v)", byte(i), b[0], err)
			}
		}
	})
	ends[0].Close()
}

func main() {
	runtime.GOMAXPROCS(1)
	cases := map[string]func(count, width int){
		"yield": yield, "spawn": spawn, "channel": channel, "idle": idle,
		"idle-channel": idleChannel, "pair": pair,
	}
	if len(os.Args) < 3 {
		fail("usage: %s CASE COUNT", os.Args[0])
	}
	name, digits, wide := strings.Cut(os.Args[1], "/")
	width := 1
	count, err := strconv.Atoi(os.Args[2])
	if err == nil && wide {
		width, err = strconv.Atoi(digits)
	}
	if err != nil || count < 1 || width < 1 {
		fail("bad arguments: %s", strings.Join(os.Args[1:], " "))
	}
	run, known := cases[name]
	if !known {
		fail("%s has no case %q", os.Args[0], name)
	}
	run(count, width)
}
