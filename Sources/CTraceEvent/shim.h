// libtraceevent: what `format` files say, and the text of an event.
#pragma once
#include <event-parse.h>
#include <trace-seq.h>

// tep_print_event is variadic, which Swift cannot call. The tests hold our own printing against it.
static inline void wakepath_print_info(struct tep_handle *tep, struct trace_seq *s, struct tep_record *record) {
  tep_print_event(tep, s, record, "%s", TEP_PRINT_INFO);
}
