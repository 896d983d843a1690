<?php
// An event stream of PHP-FPM that flushes after each event.
header('Content-Type: text/event-stream');
while (ob_get_level()) {
    ob_end_flush();
}
while (!connection_aborted()) {
    echo "data: a\n\n";
    flush();
    usleep(100000);
}
