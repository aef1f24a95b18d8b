// A question as it was written, the way between the versions of a message, and an answer as Markdown.

export default ({ make, icon, iconButton, copyText }) => {
  // A question, its copy, its editor ------------------------------------------------------------

  function drawQuestion(root, data, known) {
    const words = make("p", { class: "question", dir: "auto" }, data.text);
    if (!data.is_stored) return root.replaceChildren(words, make("div", { class: "under" }));
    const said = make("span", { class: "said", role: "status" });
    const edit = iconButton("edit", "Edit the question", () => show(true));
    const line = make(
      "div", { class: data.versions ? "under has-versions" : "under" },
      iconButton("copy", "Copy the question", () => copyText(data.text, said)), edit, said,
      versionSwitch(data, known),
    );
    const editor = questionEditor(data.text, known, () => show(false));
    const show = (editing) => {
      [words.hidden, line.hidden, editor.hidden] = [editing, editing, !editing];
      if (editing) editor.begin();
      else edit.focus();
    };
    root.replaceChildren(words, editor, line);
    returnToVersion(root, data);
  }

  // What was typed stays until the page has taken it: a question that is refused is still there.
  function questionEditor(text, known, close) {
    const field = make("textarea", { rows: "1", dir: "auto", "aria-label": "The question, put differently" });
    const grow = () => {
      field.style.height = "auto";
      field.style.height = `${field.scrollHeight + 2}px`;
    };
    const form = make(
      "form", { class: "editor", hidden: true }, field,
      make(
        "div", { class: "buttons" },
        make("span", { class: "hint" }, "The question before is kept as a version."),
        make("button", { type: "button", class: "word", on: { click: close } }, "Cancel"),
        make("button", { type: "submit", class: "word strong" }, "Send"),
      ),
    );
    form.begin = () => {
      field.value = text;
      grow();
      field.focus();
      field.setSelectionRange(text.length, text.length);
    };
    field.addEventListener("input", grow);
    field.addEventListener("keydown", (event) => {
      // Streamlit listens for single letters all over the page.
      event.stopPropagation();
      if (event.key === "Escape") close();
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (field.value.trim()) known.send("edited", field.value);
    });
    return form;
  }

  // ‹ 2 of 3 › ----------------------------------------------------------------------------------

  function versionSwitch(data, known) {
    if (!data.versions) return null;
    const { ids, at } = data.versions;
    const step = (side, name, label, target) => {
      const go = () => {
        globalThis.citewellVersion = { id: target, side, until: performance.now() + 3000 };
        known.send("version", target);
      };
      const button = iconButton(name, label, go);
      button.dataset.side = side;
      button.disabled = target === undefined;
      return button;
    };
    return make(
      "span", { class: "versions", role: "group", "aria-label": "Versions" },
      step("before", "back", "The version before", ids[at - 1]),
      make("span", {}, `${at + 1} of ${ids.length}`),
      step("after", "next", "The next version", ids[at + 1]),
    );
  }

  // Where a version was just asked for, the page must not move on to the newest turn.
  const staysInPlace = () => performance.now() < (globalThis.citewellVersion?.until ?? 0);

  // The version that was asked for is another element; whoever came by keyboard goes on from there.
  function returnToVersion(root, data) {
    const wanted = globalThis.citewellVersion;
    if (!staysInPlace() || wanted.found || data.versions?.ids[data.versions.at] !== wanted.id) return;
    wanted.found = true;
    const same = root.querySelector(`[data-side=${wanted.side}]:not(:disabled)`);
    requestAnimationFrame(() => (same ?? root.querySelector("[data-side]:not(:disabled)"))?.focus());
  }

  // An answer as Markdown -----------------------------------------------------------------------

  const WRAPS = { strong: "**", em: "*", del: "~~" };
  // What any flavour of Markdown would take for more than a letter; an image needs its mark at the end of a text.
  const escaped = (text) => text.replace(/[\\`*[\]<>~|&]|!$|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&");
  const raw = (tree) => tree.map((node) => (typeof node === "string" ? node : raw(node.c ?? []))).join("");

  // Longer than any run of the same inside it.
  function fence(code, least) {
    return "`".repeat(Math.max(least, ...(code.match(/`+/g) ?? []).map((run) => run.length + 1)));
  }

  function inline(tree) {
    return tree
      .map((node) => {
        if (typeof node === "string") return escaped(node);
        const words = inline(node.c ?? []);
        switch (node.k) {
          case "chip":
            return ` [${node.v}]`;
          case "host":
            return ` (${escaped(node.v)})`;
          case "br":
            return "  \n";
          case "a":
            return `[${words}](<${node.v.replace(/[<>\s]/g, encodeURIComponent)}>)`;
          case "code": {
            const code = raw(node.c ?? []);
            return fence(code, 1) + code + fence(code, 1);
          }
          default:
            return `${WRAPS[node.k] ?? ""}${words}${WRAPS[node.k] ?? ""}`;
        }
      })
      .join("");
  }

  function item(node, bullet) {
    const children = node.c ?? [];
    const between = children.some((child) => child.k === "p") ? "\n\n" : "\n";
    return bullet + asMarkdown(children, between).replaceAll("\n", `\n${" ".repeat(bullet.length)}`);
  }

  function table(rows) {
    const lines = rows.map((row) => `| ${row.c.map((cell) => inline(cell.c ?? []).trim()).join(" | ")} |`);
    lines.splice(1, 0, `|${" --- |".repeat(rows[0]?.c.length ?? 0)}`);
    return lines.join("\n");
  }

  function block(node) {
    const children = node.c ?? [];
    switch (node.k) {
      case "h":
        return `${"#".repeat(Number(node.v))} ${inline(children)}`;
      case "ul":
        return children.map((child) => item(child, "- ")).join("\n");
      case "ol":
        return children.map((child, at) => item(child, `${Number(node.v) + at}. `)).join("\n");
      case "quote":
        return `> ${asMarkdown(children).replaceAll("\n", "\n> ")}`;
      case "pre":
        return [fence(raw(children), 3), raw(children), fence(raw(children), 3)].join("\n");
      case "table":
        return table(children);
      case "hr":
        return "---";
      default:
        return inline(children);
    }
  }

  const BLOCKS = new Set(["p", "h", "ul", "ol", "quote", "pre", "table", "hr", "plain"]);

  // Words that stand loose among blocks, as in a list's item, make a block of their own.
  function asMarkdown(tree, between = "\n\n") {
    const blocks = [];
    let loose = [];
    const close = () => {
      blocks.push(inline(loose).trim());
      loose = [];
    };
    for (const node of tree) {
      if (!BLOCKS.has(node.k)) {
        loose.push(node);
        continue;
      }
      close();
      blocks.push(block(node).trim());
    }
    close();
    return blocks.filter(Boolean).join(between);
  }

  return { drawQuestion, versionSwitch, returnToVersion, staysInPlace, asMarkdown };
};
