<?php
// Faults and their mends in PHP: /MISTAKE/fault and /MISTAKE/mend.
$text = "text";
$path = $_SERVER['REQUEST_URI'];
if ($path !== '/wrong-type/fault') {
    header('Content-Type: text/event-stream');
}
for ($n = 0; $n < 3; $n += 1) {
    switch ($path) {
        case '/literal-escapes/fault':
            echo 'data: $text\n\n';
            break;
        case '/literal-escapes/mend':
            echo "data: $text\n\n";
            break;
        case '/not-utf-8/fault':
            echo "data: ", "caf\xE9", "\n\n";
            break;
        case '/not-utf-8/mend':
            $text = "caf\xE9";
            echo "data: ", mb_convert_encoding($text, 'UTF-8', 'Windows-1252'), "\n\n";
            break;
        default:
            echo "data: $text\n\n";
    }
    flush();
}
