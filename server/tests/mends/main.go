// Faults and their mends in Go: /MISTAKE/fault and /MISTAKE/mend. Prints its port.
package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// repeat writes by a function, 100 ms apart, until the client leaves.
func repeat(w http.ResponseWriter, r *http.Request, write func()) {
	for r.Context().Err() == nil {
		write()
		time.Sleep(100 * time.Millisecond)
	}
}

func main() {
	text := "text"
	json, _ := json.Marshal(map[string]int{"a": 1})
	stream := func(path string, write func(w http.ResponseWriter)) {
		http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			repeat(w, r, func() {
				write(w)
				w.(http.Flusher).Flush()
			})
		})
	}
	stream("/no-blank-line/fault", func(w http.ResponseWriter) { fmt.Fprintf(w, "data: %s\n", text) })
	stream("/no-blank-line/mend", func(w http.ResponseWriter) { fmt.Fprintf(w, "data: %s\n\n", text) })
	stream("/bare-json/fault", func(w http.ResponseWriter) { fmt.Fprintf(w, "%s\n\n", json) })
	stream("/bare-json/mend", func(w http.ResponseWriter) { fmt.Fprintf(w, "data: %s\n\n", json) })

	http.HandleFunc("/wrong-type/fault", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "data: %s\n\n", text)
	})
	http.HandleFunc("/wrong-type/mend", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "data: %s\n\n", text)
	})

	// The head waits for the first event, or for a flush.
	silence := func(w http.ResponseWriter, r *http.Request, isFlushed bool) {
		w.Header().Set("Content-Type", "text/event-stream")
		if isFlushed {
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	}
	http.HandleFunc("/no-answer-in-time/fault", func(w http.ResponseWriter, r *http.Request) { silence(w, r, false) })
	http.HandleFunc("/no-answer-in-time/mend", func(w http.ResponseWriter, r *http.Request) { silence(w, r, true) })

	http.HandleFunc("/buffered/fault", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		repeat(w, r, func() { fmt.Fprintf(w, "data: %s\n\n", text) })
	})
	stream("/buffered/mend", func(w http.ResponseWriter) { fmt.Fprintf(w, "data: %s\n\n", text) })

	compressed := func(path string, flush func(gz *gzip.Writer, w http.ResponseWriter)) {
		http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Content-Encoding", "gzip")
			gz := gzip.NewWriter(w)
			repeat(w, r, func() {
				fmt.Fprintf(gz, "data: %s\n\n", text)
				flush(gz, w)
			})
		})
	}
	compressed("/not-flushed/fault", func(gz *gzip.Writer, w http.ResponseWriter) { w.(http.Flusher).Flush() })
	compressed("/not-flushed/mend", func(gz *gzip.Writer, w http.ResponseWriter) {
		gz.Flush()
		w.(http.Flusher).Flush()
	})

	stream("/cors-missing/fault", func(w http.ResponseWriter) { fmt.Fprintf(w, "data: %s\n\n", text) })
	http.HandleFunc("/cors-missing/mend", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Access-Control-Allow-Origin", "https://app.example")
		fmt.Fprintf(w, "data: %s\n\n", text)
	})

	ids := func(w http.ResponseWriter, last int) {
		w.Header().Set("Content-Type", "text/event-stream")
		for n := last + 1; n < last+4; n++ {
			fmt.Fprintf(w, "id: %d\ndata: a\n\n", n)
		}
	}
	http.HandleFunc("/ids-restarted/fault", func(w http.ResponseWriter, r *http.Request) { ids(w, -1) })
	http.HandleFunc("/ids-restarted/mend", func(w http.ResponseWriter, r *http.Request) {
		last, err := strconv.Atoi(r.Header.Get("Last-Event-ID"))
		if err != nil {
			last = -1
		}
		ids(w, last)
	})

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, nil))
}
