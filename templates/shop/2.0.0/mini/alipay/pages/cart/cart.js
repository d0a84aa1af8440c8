Page({
  data: { t: {}, items: [], sums: [], loaded: false, name: "", contact: "", busy: false },
  onShow() {
    this.refresh();
  },
  refresh() {
    const { shop } = getApp();
    return shop.cart().then((view) => this.setData(view)).catch(shop.tell);
  },
  change(event) {
    const { shop } = getApp();
    const { id, quantity, by } = event.currentTarget.dataset;
    const wanted = Number(quantity) + Number(by);
    return shop.setQuantity(id, wanted).then((view) => this.setData(view)).catch((error) => {
      shop.tell(error);
      return this.refresh();
    });
  },
  typeName(event) {
    this.setData({ name: event.detail.value });
  },
  typeContact(event) {
    this.setData({ contact: event.detail.value });
  },
  place() {
    if (this.data.busy) return Promise.resolve();
    const { shop } = getApp();
    this.setData({ busy: true });
    return shop.order(this.data.name, this.data.contact).catch((error) => {
      shop.tell(error);
      return this.refresh();
    }).then(() => this.setData({ busy: false }));
  },
  browse() {
    getApp().shop.showTab("products");
  },
});
