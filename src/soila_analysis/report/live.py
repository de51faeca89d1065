"""HTML in a notebook that tells Python what is chosen in it, while a kernel listens."""

import anywidget
import traitlets


class Live(anywidget.AnyWidget):
    """Shows HTML; what its fields hold, and what a page in a frame of it says, is in ``told``."""

    _esm = """
    const render = ({ model, el }) => {
      const tell = (news) => {
        model.set("told", { ...model.get("told"), ...news });
        model.save_changes();
      };
      const hear = (event) => {
        if (event.source === el.querySelector("iframe")?.contentWindow) tell(event.data);
      };
      el.innerHTML = model.get("content");
      for (const field of el.querySelectorAll("[name]")) {
        field.value = model.get("told")[field.name] ?? field.value;
      }
      el.addEventListener("input", ({ target }) => tell({ [target.name]: target.value }));
      window.addEventListener("message", hear);
      return () => window.removeEventListener("message", hear);
    };
    export default { render };
    """
    content = traitlets.Unicode().tag(sync=True)
    told = traitlets.Dict().tag(sync=True)
