Page({
  data: { t: {}, products: [] },
  onShow() {
    this.refresh();
  },
  onPullDownRefresh() {
    this.refresh();
  },
  refresh() {
    const { shop } = getApp();
    return shop.products().then((view) => this.setData(view)).catch(shop.tell);
  },
  add(event) {
    const { shop } = getApp();
    return shop.add(event.currentTarget.dataset.id).catch(shop.tell).then(() => this.refresh());
  },
});
