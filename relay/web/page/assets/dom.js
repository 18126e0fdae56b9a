// Making elements, and finding them.

export const $ = (id) => document.getElementById(id);

// el makes an element; what properties are not of the element are its attributes.
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function show(element, visible = true) {
  element.hidden = !visible;
}

// say tells those who do not see the page, and only what matters.
export function say(text) {
  $('said').textContent = text;
}

// copy puts text into the clipboard and says so on the button.
export async function copy(button, text) {
  const label = button.dataset.label ?? (button.dataset.label = button.textContent);
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
    say('Copied');
  } catch {
    button.textContent = 'Not copied: select it';
  }
  setTimeout(() => (button.textContent = label), 2000);
}

// problem shows what went wrong in a box with a place for it, and says it.
export function problem(box, fault) {
  const kind = fault.kind && fault.kind !== 'invalid' ? fault.kind : '';
  box.replaceChildren(...(kind ? [el('span', { className: 'kind' }, kind)] : []), el('strong', {}, sentence(fault.message)), ...(fault.hint ? [' ', fault.hint] : []));
  show(box);
  say(`${fault.message}. ${fault.hint ?? ''}`);
}

function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : first + '.';
}
