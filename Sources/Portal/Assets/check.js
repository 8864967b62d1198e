// The pages "check it yourself" and "was I in the pool?": what the visitor does, and what is shown. The arithmetic is in draw-v1.js.
"use strict";
(() => {
  const chinese = document.documentElement.lang.startsWith("zh");
  const texts = {
    commitment: ["承诺与公布的一致", "The commitment is the published one"],
    requests: ["申请与定义一致（项）", "The requests are as defined"],
    sizes: ["各类抽取数按比例计算无误", "Sample sizes follow from the rates"],
    seed: ["种子由承诺、见证人随机数和公共值合成", "The seed follows from commitment, numbers and public value"],
    tickets: ["重新计算的摇号值顺序无误（个）", "Tickets, computed anew, are in order"],
    visits: ["合并后的检查无误（次）", "Visits are merged as the rules say"],
    teams: ["检查组人数无误", "Teams have the size that the rules say"],
    result: ["结果摘要一致", "The result has its published hash"],
    roster: ["名录的根与承诺一致", "The roster has the committed root"],
    selection: ["从名录重新抽取，结果相同（户）", "Drawn anew from the roster: the same (lines)"],
  };
  const skippedTexts = {
    result: ["结果的完整摘要（公开版不含检查人员）", "the whole result’s hash (the public copy leaves inspectors out)"],
    roster: ["从名录重新抽取（名录和盐值只交审计人员）", "drawing anew from the roster (auditors have it, with the salt)"],
    matching: ["检查人员的选派（请用验证程序）", "the matching of inspectors (use the verifier)"],
  };
  const text = (pair) => pair[chinese ? 0 : 1];
  const element = (name, content, className) => {
    const made = document.createElement(name);
    if (content !== undefined) made.textContent = content;
    if (className) made.className = className;
    return made;
  };

  const root = document.getElementById("check");
  if (root) {
    const steps = document.getElementById("check-steps");
    const one = document.getElementById("check-one");
    let checked = null;

    const run = async (files, published) => {
      steps.replaceChildren();
      one.hidden = true;
      const list = steps.appendChild(element("ol", undefined, "timeline"));
      try {
        checked = await drawV1.check(files, published, (step, detail) => {
          const line = list.appendChild(element("li", undefined, "done"));
          const words = line.appendChild(element("p", text(texts[step])));
          if (detail) words.append(document.createElement("br"), element("code", detail));
        });
        steps.append(element("p", chinese ? "全部一致。" : "Everything agrees.", "notice good"));
        const rest = checked.skipped.map((name) => text(skippedTexts[name])).join(chinese ? "；" : "; ");
        steps.append(element("p", (chinese ? "此处没有验证：" : "Not checked here: ") + rest, "quiet small"));
        const select = document.getElementById("check-request");
        select.replaceChildren(...[...checked.requests.keys()].map((id) => element("option", id)));
        one.hidden = false;
      } catch (error) {
        checked = null;
        list.append(element("li", error.message, "bad"));
        steps.append(element("p", (chinese ? "不一致：" : "It does not agree: ") + error.message, "notice bad"));
      }
      steps.dataset.state = checked ? "right" : "wrong";
    };

    const button = document.getElementById("check-run");
    if (button) button.addEventListener("click", async () => {
      button.disabled = true;
      const files = {};
      try {
        for (const name of ["round.json", "commitment.json", "seed.json", "result.json", "digests.json"]) {
          const answer = await fetch("/draws/" + encodeURIComponent(root.dataset.round) + "/files/" + name);
          if (!answer.ok) throw new Error(name + ": " + answer.status);
          files[name] = await answer.text();
        }
        await run(files, root.dataset.commitment);
      } catch (error) {
        steps.replaceChildren(element("p", error.message, "notice bad"));
      }
      button.disabled = false;
    });
    document.getElementById("check-files").addEventListener("change", async (event) => {
      const files = {};
      for (const file of event.target.files) files[file.name] = await file.text();
      await run(files, root.dataset.commitment);
    });
    one.addEventListener("submit", async (event) => {
      event.preventDefault();
      const entity = document.getElementById("check-entity").value.trim();
      const place = document.getElementById("check-arithmetic");
      if (!checked || !entity) return;
      const found = await drawV1.explain(checked, document.getElementById("check-request").value, entity);
      const facts = element("dl", undefined, "facts");
      const fact = (name, value) => facts.append(element("dt", name), element("dd", value));
      fact(chinese ? "流" : "Stream", found.stream);
      fact(chinese ? "摇号值 = SHA-256(流 ‖ 代码)" : "Ticket = SHA-256(stream ‖ code)", found.ticket);
      fact(chinese ? "抽中者中的次序" : "Place among the drawn", found.place ? found.place + " / " + found.drawn
        : (chinese ? "未被抽中" : "not drawn"));
      place.replaceChildren(facts, element("p", chinese ? "用命令自己算：" : "By command:"), element("pre", found.shell));
    });
  }

  for (const shown of document.querySelectorAll(".own-proof")) {
    const place = shown.parentElement.querySelector(".proof-result");
    drawV1.proofRoot(JSON.parse(shown.textContent)).then((found) => {
      const right = found === shown.dataset.root;
      place.textContent = right
        ? (chinese ? "浏览器已核验：这一行在承诺的名录中。根 " : "Checked by your browser: the line is in the committed roster. Root ") + found
        : (chinese ? "核验不通过" : "The proof does not hold");
      place.className = "proof-result notice " + (right ? "good" : "bad");
    }).catch((error) => { place.textContent = error.message; place.className = "proof-result notice bad"; });
  }
  for (const shown of document.querySelectorAll(".own-ticket")) {
    drawV1.ticketOf(shown.dataset.stream, shown.dataset.entity).then((found) => {
      shown.dataset.state = found === shown.textContent ? "right" : "wrong";
      shown.append(found === shown.textContent ? " ✓" : " ✗");
    }).catch(() => {});
  }
})();
