// Faults and their mends in Spring MVC and servlets, on Tomcat: /MISTAKE/fault and /MISTAKE/mend. Prints its port.

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.apache.catalina.startup.Tomcat;
import org.springframework.web.bind.annotation.CrossOrigin;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.support.StaticWebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import org.springframework.web.servlet.mvc.method.annotation.ResponseBodyEmitter;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter.SseEventBuilder;

@RestController
public class Spring {
    private static final String text = "a\nb\n";

    /** Sends something by an emitter. */
    private interface Send<E> {
        void by(E emitter) throws IOException;
    }

    /** Sends the same three times; the emitter stays open. */
    private static <E extends ResponseBodyEmitter> E repeat(E emitter, Send<E> send) throws IOException {
        for (int n = 0; n < 3; n += 1) send.by(emitter);
        return emitter;
    }

    @GetMapping("/no-blank-line/fault")
    ResponseBodyEmitter line() throws IOException {
        return repeat(new ResponseBodyEmitter(), emitter -> emitter.send("data: text\n"));
    }

    @GetMapping("/no-blank-line/mend")
    SseEmitter event() throws IOException {
        return repeat(new SseEmitter(), emitter -> emitter.send("text"));
    }

    @GetMapping("/unprefixed-lines/fault")
    SseEmitter lines() throws IOException {
        return repeat(new SseEmitter(), emitter -> emitter.send(text));
    }

    @GetMapping("/unprefixed-lines/mend")
    SseEmitter fields() throws IOException {
        return repeat(new SseEmitter(), emitter -> {
            SseEventBuilder event = SseEmitter.event();
            text.lines().forEach(event::data);
            emitter.send(event);
        });
    }

    // The second block is not indented: the closing quotation marks are under its lines.
    @GetMapping("/indented/fault")
    void indented(HttpServletResponse response) throws IOException {
        write(response, """
            data: a

            data: b

        """);
    }

    @GetMapping("/indented/mend")
    void stripped(HttpServletResponse response) throws IOException {
        write(response, """
            data: a

            data: b

            """);
    }

    private static void write(HttpServletResponse response, String frames) throws IOException {
        response.setContentType("text/event-stream");
        response.getWriter().write(frames);
    }

    // Without a character encoding, a writer's is ISO-8859-1, which the content type then names.
    @GetMapping({"/not-utf-8/fault", "/charset/fault"})
    void latin1(HttpServletResponse response) throws IOException {
        write(response, "data: é\n\ndata: é\n\n");
    }

    @GetMapping({"/not-utf-8/mend", "/charset/mend"})
    void utf8(HttpServletResponse response) throws IOException {
        response.setCharacterEncoding("UTF-8");
        write(response, "data: é\n\ndata: é\n\n");
    }

    @GetMapping("/utf-16/fault")
    void utf16(HttpServletResponse response) throws IOException {
        response.setCharacterEncoding(StandardCharsets.UTF_16LE.name());
        write(response, "data: é\n\ndata: é\n\n");
    }

    @GetMapping("/utf-16/mend")
    void notUtf16(HttpServletResponse response) throws IOException {
        utf8(response);
    }

    // In Spring 4.3 produces does not give a ResponseBodyEmitter a type.
    @GetMapping(path = "/wrong-type/fault", produces = "text/event-stream")
    ResponseBodyEmitter untyped() throws IOException {
        return repeat(new ResponseBodyEmitter(), emitter -> emitter.send("data: text\n\n"));
    }

    @GetMapping("/wrong-type/mend")
    SseEmitter typed() throws IOException {
        return event();
    }

    @GetMapping("/cors-missing/fault")
    SseEmitter forbidden() throws IOException {
        return event();
    }

    @CrossOrigin("https://app.example")
    @GetMapping("/cors-missing/mend")
    SseEmitter allowed() throws IOException {
        return event();
    }

    // Spring 4.3 allows credentials unless this says otherwise, Spring 5 only if this says so.
    @CrossOrigin(origins = "https://app.example", allowCredentials = "false")
    @GetMapping("/cors-credentials/fault")
    SseEmitter anonymous() throws IOException {
        return event();
    }

    @CrossOrigin(origins = "https://app.example", allowCredentials = "true")
    @GetMapping({"/cors-credentials/mend", "/cors-star/mend"})
    SseEmitter known() throws IOException {
        return event();
    }

    @CrossOrigin(origins = "*", allowCredentials = "false")
    @GetMapping("/cors-star/fault")
    SseEmitter anyone() throws IOException {
        return event();
    }

    @GetMapping("/silent/fault")
    SseEmitter silent() {
        return new SseEmitter();
    }

    @GetMapping("/silent/mend")
    SseEmitter heartbeats() throws IOException {
        return repeat(new SseEmitter(), emitter -> emitter.send(SseEmitter.event().comment("")));
    }

    /** An answer that stays open. */
    private static void open(HttpServletRequest request, HttpServletResponse response, String frames, boolean isFlushed)
            throws IOException {
        request.startAsync();
        write(response, frames);
        if (isFlushed) response.flushBuffer();
    }

    @GetMapping("/no-answer-in-time/fault")
    void noHead(HttpServletRequest request, HttpServletResponse response) throws IOException {
        open(request, response, "", false);
    }

    @GetMapping("/no-answer-in-time/mend")
    void head(HttpServletRequest request, HttpServletResponse response) throws IOException {
        open(request, response, "", true);
    }

    @GetMapping("/buffered/fault")
    void buffered(HttpServletRequest request, HttpServletResponse response) throws IOException {
        open(request, response, "data: a\n\ndata: b\n\n", false);
    }

    @GetMapping("/buffered/mend")
    void flushed(HttpServletRequest request, HttpServletResponse response) throws IOException {
        open(request, response, "data: a\n\ndata: b\n\n", true);
    }

    private static SseEmitter after(int last) throws IOException {
        SseEmitter emitter = new SseEmitter();
        for (int n = last + 1; n < last + 4; n += 1) emitter.send(SseEmitter.event().id("" + n).data("a"));
        return emitter;
    }

    @GetMapping("/ids-restarted/fault")
    SseEmitter fromTheBeginning() throws IOException {
        return after(-1);
    }

    @GetMapping("/ids-restarted/mend")
    SseEmitter resumed(@RequestHeader(name = "Last-Event-ID", required = false) String last) throws IOException {
        return after(last == null ? -1 : Integer.parseInt(last));
    }

    /** Started with a folder of its own, for Tomcat. */
    public static void main(String[] args) throws Exception {
        var spring = new StaticWebApplicationContext();
        spring.registerSingleton("routes", Spring.class);
        spring.registerSingleton("mapping", RequestMappingHandlerMapping.class);
        spring.registerSingleton("adapter", RequestMappingHandlerAdapter.class);
        var tomcat = new Tomcat();
        tomcat.setBaseDir(args[0]);
        tomcat.setPort(0);
        var context = tomcat.addContext("", null);
        Tomcat.addServlet(context, "spring", new DispatcherServlet(spring)).setAsyncSupported(true);
        context.addServletMappingDecoded("/", "spring");
        tomcat.start();
        System.out.println(tomcat.getConnector().getLocalPort());
        tomcat.getServer().await();
    }
}
