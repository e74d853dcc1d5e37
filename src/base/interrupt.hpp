// SIGINT and SIGTERM end a run between two inferences, so that what is on disk can be resumed.
#pragma once

namespace bench {

void catch_signals();
/// Throws Interrupted once a signal has come.
void stop_if_interrupted();

}  // namespace bench
