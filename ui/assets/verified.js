// The mark of a verified answer, and the button with which an editor makes one.

export function verifiedMark({ text, question, doubt }, { make, icon }) {
  return make(
    "div", { class: "verified" },
    make("p", { class: "verified-by" }, icon("check"), make("span", {}, text)),
    make("p", { class: "quiet" }, "Answers ", make("q", {}, question)),
    doubt ? make("p", { class: "notice" }, icon("alert"), make("span", {}, doubt)) : null,
  );
}

export function verifyButton(known, { make, icon }) {
  const verify = (event) => {
    globalThis.citewellOpener = event.currentTarget;
    known.send("verify", true);
  };
  return make("button", { type: "button", class: "word", "aria-haspopup": "dialog", title: "Make this a verified answer", on: { click: verify } }, icon("check"), "Verify");
}
